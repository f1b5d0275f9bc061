/// Many rows in the parameters of one statement, for a fraction of what a statement a row costs.
extension Dialect {
    public enum CellType: Sendable {
        case text, integer
    }

    /// A table expression with these columns, of the rows that `rowParameters` binds to the same name. On SQLite they are
    /// one JSON array of arrays; PostgreSQL takes an array for each column, since it would parse such JSON once a cell.
    public func rows(_ name: String, _ columns: [(name: String, type: CellType)]) -> String {
        switch self {
        case .sqlite:
            let cells = columns.enumerated().map { "json_extract(value, '$[\($0)]') as \($1.name)" }
            return "(select \(cells.joined(separator: ", ")) from json_each(:\(name)))"
        case .postgres:
            let arrays = columns.enumerated().map { index, column in
                "cast(:\(name)_\(index) as \(column.type == .text ? "text" : "bigint")[])"
            }
            let names = columns.map(\.name).joined(separator: ", ")
            return "(select \(names) from unnest(\(arrays.joined(separator: ", "))) as cells(\(names)))"
        }
    }

    /// The parameters of `rows`. Cells are texts without NUL and integers.
    public func rowParameters(_ name: String, _ rows: [[SQLValue]]) -> SQLParameters {
        switch self {
        case .sqlite:
            let texts = rows.map { row in "[\(row.map { Dialect.cell($0, escapes: true) }.joined(separator: ","))]" }
            return [name: .text("[\(texts.joined(separator: ","))]")]
        case .postgres:
            var parameters = SQLParameters()
            for column in (rows.first ?? []).indices {
                let cells = rows.map { Dialect.cell($0[column], escapes: false) }
                parameters["\(name)_\(column)"] = .text("{\(cells.joined(separator: ","))}")
            }
            return parameters
        }
    }

    /// Quoted the way both JSON and array literals want it; control characters are escaped in JSON alone.
    static func cell(_ value: SQLValue, escapes: Bool) -> String {
        switch value {
        case .int(let number): return "\(number)"
        case .text(let text):
            guard text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
            else {
                return "\"\(text)\""
            }
            var quoted = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"", "\\": quoted += "\\\(scalar)"
                case _ where escapes && scalar.value < 0x20:
                    quoted += "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
                default: quoted.unicodeScalars.append(scalar)
                }
            }
            return quoted + "\""
        case .null, .double, .bytes, .payload: return "null"
        }
    }
}
