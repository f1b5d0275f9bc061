import Foundation

extension Manifest {
    /// Reads every `*.yaml` directly in a directory, in the order of their names. Either all of it is good, or the error
    /// tells everything that is wrong, so that a person mends a manifest in one go.
    /// - Parameter directory: as given it begins the file names in messages: `jobs` makes `jobs/system.yaml:12:5`.
    package static func load(directory: String) throws(ManifestError) -> Manifest {
        let report = ManifestReport()
        var loader = ManifestLoader(report: report)
        for file in files(in: directory, report: report) {
            guard let text = text(of: file, report: report) else { continue }
            loader.read(text, file: file)
        }
        return try loader.finish()
    }

    /// Reads one file's text, for tests and for tools that have no directory.
    package static func read(_ text: String, file: String) throws(ManifestError) -> Manifest {
        var loader = ManifestLoader(report: ManifestReport())
        loader.read(text, file: file)
        return try loader.finish()
    }

    private static func files(in directory: String, report: ManifestReport) -> [String] {
        let place = ManifestPlace(file: directory)
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            let reason =
                FileManager.default.fileExists(atPath: directory) ? "not a readable directory" : "no such directory"
            report.add(.unreadable("\(reason); JOBS_DIR names the directory of the declarations"), at: place)
            return []
        }
        var base = directory
        while base.count > 1, base.hasSuffix("/") { base.removeLast() }
        for name in names.sorted() where name.hasSuffix(".yml") && !name.hasPrefix(".") {
            let place = ManifestPlace(file: "\(base)/\(name)")
            report.add(.unreadable("only *.yaml is read: name it \(name.dropLast(4)).yaml"), at: place)
        }
        let wanted = names.sorted().filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }
        if wanted.isEmpty { report.add(.unreadable("no *.yaml file in this directory"), at: place) }
        return wanted.map { "\(base)/\($0)" }
    }

    private static func text(of file: String, report: ManifestReport) -> String? {
        let place = ManifestPlace(file: file)
        guard let bytes = FileManager.default.contents(atPath: file) else {
            report.add(.unreadable("the file cannot be read"), at: place)
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            report.add(.unreadable("the file is not UTF-8"), at: place)
            return nil
        }
        return text
    }
}
