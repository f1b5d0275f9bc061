/// Where something stands in the manifest. Line and column count from 1, columns in Unicode scalars; line 0 means the
/// file as a whole.
package struct ManifestPlace: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let column: Int

    package init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { line > 0 ? "\(file):\(line):\(column)" : file }

    package static func < (left: ManifestPlace, right: ManifestPlace) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}
