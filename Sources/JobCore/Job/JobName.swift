/// A job type's name and its routing key, such as `notification.email`.
///
/// Two to six parts of `[a-z0-9_]+` joined by dots, at most 100 bytes. The last part is never `high`, `normal` or
/// `bulk`: `NAME.high` is the routing key of a lane.
public struct JobName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: String

    /// Checks a name that comes from outside.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard JobName.isValid(text) else { return nil }
        rawValue = text
    }

    /// For the names of the platform's own tables and declarations, checked when they are written.
    package init(unchecked text: String) {
        rawValue = text
    }

    public var description: String { rawValue }

    public static func < (left: JobName, right: JobName) -> Bool {
        left.rawValue < right.rawValue
    }

    package static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= 100 else { return false }
        var parts = 1
        var length = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: ".") {
                guard length > 0 else { return false }
                parts += 1
                length = 0
            } else {
                guard isNameByte(byte) else { return false }
                length += 1
            }
        }
        guard length > 0, (2...6).contains(parts) else { return false }
        return Lane(rawValue: String(Substring(text.utf8.suffix(length)))) == nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }
}

extension JobName: ExpressibleByStringLiteral {
    /// A literal is not checked here: `JobRegistry.register` refuses a type whose name breaks the rules.
    public init(stringLiteral text: String) {
        rawValue = text
    }
}
