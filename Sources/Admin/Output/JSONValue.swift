package import JobCore

/// JSON as every verb prints it: keys in the order they were given, unknown as null, instants as RFC 3339, durations
/// as seconds.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case text(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])
    /// Bytes that are known to be JSON, printed as they are.
    case verbatim(String)

    package static func int(_ value: Int) -> JSONValue { .int(Int64(value)) }
    package static func int(_ value: Int?) -> JSONValue { value.map { .int(Int64($0)) } ?? .null }
    package static func int(_ value: Int64?) -> JSONValue { value.map { JSONValue.int($0) } ?? .null }
    package static func string(_ value: String?) -> JSONValue { value.map { .text($0) } ?? .null }
    package static func instant(_ value: Timestamp?) -> JSONValue { value.map { .text($0.description) } ?? .null }

    /// Seconds with three decimals at most.
    package static func seconds(_ value: Duration?) -> JSONValue {
        value.map { .double(Double($0.milliseconds) / 1000) } ?? .null
    }

    /// Of a second, with one decimal.
    package static func rate(_ value: Double?) -> JSONValue { value.map { .double(($0 * 10).rounded() / 10) } ?? .null }

    package static func == (left: JSONValue, right: JSONValue) -> Bool { left.text == right.text }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    package init(integerLiteral value: Int64) {
        self = .int(value)
    }

    package init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    package init(stringLiteral text: String) {
        self = .text(text)
    }

    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { (key: $0.0, value: $0.1) })
    }

    package init(arrayLiteral elements: JSONValue...) {
        self = .array(elements)
    }
}

extension JSONValue {
    /// On one line.
    package var text: String {
        var result = ""
        write(to: &result)
        return result
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .int(let number): text += String(number)
        case .double(let number): text += JSONValue.spell(number)
        case .text(let string): JSONValue.quote(string, to: &text)
        case .verbatim(let json): text += json
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                JSONValue.quote(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    /// JSON has no infinity: what cannot be said is unknown.
    private static func spell(_ number: Double) -> String {
        guard number.isFinite else { return "null" }
        if number == number.rounded(), let whole = Int64(exactly: number) { return String(whole) }
        return String(number)
    }

    private static func quote(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
