/// Parameters by name, without the colon. Positional parameters are not offered: `$2 … $1` swaps silently on SQLite.
public struct SQLParameters: Sendable, ExpressibleByDictionaryLiteral {
    public private(set) var values: [String: SQLValue]

    public init(dictionaryLiteral elements: (String, SQLValue)...) {
        values = Dictionary(elements, uniquingKeysWith: { _, last in last })
    }

    public init(_ values: [String: SQLValue] = [:]) {
        self.values = values
    }

    public subscript(name: String) -> SQLValue? {
        get { values[name] }
        set { values[name] = newValue }
    }
}
