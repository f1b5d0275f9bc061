/// One row, read by column name. A missing column or another type is a typed error: the schema is not what was thought.
public struct SQLRow: Sendable {
    /// Shared by all rows of a result: lower-case column name → position.
    private let positions: [String: Int]
    private let values: [SQLValue]
    private let seal: PayloadSeal?

    package init(positions: [String: Int], values: [SQLValue], seal: PayloadSeal? = nil) {
        self.positions = positions
        self.values = values
        self.seal = seal
    }

    private func value(_ column: String) throws(StoreError) -> SQLValue {
        guard let position = positions[column], position < values.count else {
            throw .decoding("no column \(column)")
        }
        return values[position]
    }

    public func int(_ column: String) throws(StoreError) -> Int64 {
        guard let number = try optionalInt(column) else { throw .decoding("column \(column) is null") }
        return number
    }

    public func optionalInt(_ column: String) throws(StoreError) -> Int64? {
        switch try value(column) {
        case .null: return nil
        case .int(let number): return number
        default: throw .decoding("column \(column) is not an integer")
        }
    }

    public func double(_ column: String) throws(StoreError) -> Double? {
        switch try value(column) {
        case .null: return nil
        case .int(let number): return Double(number)
        case .double(let number): return number
        default: throw .decoding("column \(column) is not a number")
        }
    }

    public func text(_ column: String) throws(StoreError) -> String {
        guard let text = try optionalText(column) else { throw .decoding("column \(column) is null") }
        return text
    }

    public func optionalText(_ column: String) throws(StoreError) -> String? {
        switch try value(column) {
        case .null: return nil
        case .text(let text): return text
        default: throw .decoding("column \(column) is not text")
        }
    }

    public func bytes(_ column: String) throws(StoreError) -> [UInt8] {
        switch try value(column) {
        case .bytes(let bytes): return bytes
        case .text(let text): return Array(text.utf8)
        case .null: return []
        default: throw .decoding("column \(column) is not bytes")
        }
    }

    /// A job's payload, opened. Throws `sealed` when its data key is not here.
    /// - Parameter owner: the column of the job's id.
    public func payload(_ column: String, owner: String) throws(StoreError) -> [UInt8] {
        try PayloadSeal.open(try bytes(column), of: try optionalText(owner) ?? "", with: seal)
    }

    public func instant(_ column: String) throws(StoreError) -> Timestamp {
        Timestamp(milliseconds: try int(column))
    }

    public func optionalInstant(_ column: String) throws(StoreError) -> Timestamp? {
        try optionalInt(column).map(Timestamp.init(milliseconds:))
    }

    public func id(_ column: String) throws(StoreError) -> JobID {
        guard let id = JobID(try text(column)) else { throw .decoding("column \(column) is not a UUID") }
        return id
    }
}
