import Foundation

/// A file that a variable names.
struct NamedFile {
    let path: String
    let variable: String

    func checkReadable() throws(ConfigurationError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
            FileManager.default.isReadableFile(atPath: path)
        else {
            throw ConfigurationError("\(variable) names a file that cannot be read", remedy: "check its path and mode")
        }
    }

    /// A key that everybody can read is nobody's.
    func checkPrivate() throws(ConfigurationError) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue, mode & 0o007 == 0 else {
            throw ConfigurationError("\(variable) names a file that everybody may read", remedy: "chmod 600 it")
        }
    }

    func text() throws(ConfigurationError) -> String {
        try checkReadable()
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError("\(variable) names a file that is no text", remedy: "look what is in it")
        }
        return text
    }
}
