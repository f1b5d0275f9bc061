/// An error that carries its own disposition, so that a worker can say what a failure means where it happens.
public struct JobError: Error, Sendable, CustomStringConvertible {
    public enum Disposition: Sendable, Equatable {
        /// Retry, at the earliest after this delay (`Retry-After`), else by policy.
        case retry(after: Duration?)
        case dead
        case park(String)
    }

    public let disposition: Disposition

    /// A short, bounded name of the cause (`[a-z0-9_]`, at most 64 bytes), used in metrics and dead-letter groups.
    public let label: String

    /// For people; cut at 4 KiB when stored. Must not carry personal data.
    public let message: String

    public init(_ disposition: Disposition, label: String, message: String) {
        self.disposition = disposition
        self.label = JobError.bounded(label)
        self.message = message
    }

    public static func retry(after delay: Duration? = nil, _ label: String, _ message: String) -> JobError {
        JobError(.retry(after: delay), label: label, message: message)
    }

    public static func dead(_ label: String, _ message: String) -> JobError {
        JobError(.dead, label: label, message: message)
    }

    public static func park(_ dependency: String, _ label: String, _ message: String) -> JobError {
        JobError(.park(dependency), label: label, message: message)
    }

    public var description: String { "\(label): \(message)" }

    private static func bounded(_ label: String) -> String {
        let bytes = label.utf8.prefix(64).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): byte
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
