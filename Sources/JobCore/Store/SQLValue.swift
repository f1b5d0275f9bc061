/// A value that both databases take and give. Instants are `int` (epoch ms), ids and states `text`, payloads `bytes`.
public enum SQLValue: Sendable, Hashable {
    case null
    case int(Int64)
    case double(Double)
    case text(String)
    case bytes([UInt8])
    /// A job's payload, sealed on its way into the store when there is a data key (`PayloadSeal`). `owner` is the job's id
    /// as the row has it.
    case payload([UInt8], owner: String)
}

extension SQLValue: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(nilLiteral: ()) { self = .null }

    public static func int(_ value: Int) -> SQLValue { .int(Int64(value)) }
    public static func instant(_ value: Timestamp) -> SQLValue { .int(value.milliseconds) }
    public static func instant(_ value: Timestamp?) -> SQLValue { value.map { .int($0.milliseconds) } ?? .null }
    static func payload(_ bytes: [UInt8], of id: JobID) -> SQLValue { .payload(bytes, owner: id.description) }
    public static func id(_ value: JobID) -> SQLValue { .text(value.description) }
    /// For `Dialect.list`: one parameter that holds any number.
    static func list(_ ids: Set<JobID>) -> SQLValue {
        .text("[" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "]")
    }

    package static func list(_ texts: [String]) -> SQLValue {
        .text("[" + texts.map { Dialect.cell(.text($0), escapes: true) }.joined(separator: ",") + "]")
    }

    public static func text(_ value: String?) -> SQLValue { value.map { SQLValue.text($0) } ?? .null }

    /// Text from a payload or a peer: PostgreSQL takes neither NUL nor bad UTF-8, so both are replaced.
    public static func scrubbed(_ value: String, maximumBytes: Int = 4096) -> SQLValue {
        .text(value.scrubbed(maximumBytes: maximumBytes))
    }
}

extension SQLValue {
    /// For drivers, before they bind: what is no payload stays as it is.
    package func sealed(by seal: PayloadSeal?) throws(StoreError) -> SQLValue {
        guard let seal, case .payload(let bytes, let owner) = self else { return self }
        return .bytes(try seal.seal(bytes, of: owner))
    }
}

extension String {
    /// Without NUL, cut at a character within `maximumBytes`.
    public func scrubbed(maximumBytes: Int) -> String {
        let clean = utf8.contains(0) ? String(map { $0 == "\0" ? "\u{FFFD}" : $0 }) : self
        guard clean.utf8.count > maximumBytes else { return clean }
        var end = clean.utf8.index(clean.utf8.startIndex, offsetBy: maximumBytes)
        while end > clean.startIndex, end.samePosition(in: clean) == nil { end = clean.utf8.index(before: end) }
        return String(clean[..<end])
    }
}
