import Foundation

/// `path=value` on a payload: `venue_id=42`, `data.to=ana@example.com`, `tags=new`. Databases spell JSON paths
/// differently and payloads are bytes to them, so it is decided here, page by page.
package struct PayloadMatch: Sendable, Equatable {
    package let path: [String]
    package let value: String

    package init(path: [String], value: String) {
        self.path = path
        self.value = value
    }

    /// Nil unless the text is a path, `=` and a value; the value may be empty and may contain `=`.
    package init?(_ text: String) {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        let path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !path.contains("") else { return nil }
        self.init(path: path, value: String(text[text.index(after: equals)...]))
    }

    /// A list matches when one of its elements does. Text is compared as it is, numbers by value; anything that is no
    /// JSON within the limits matches nothing.
    package static func all(_ matches: [PayloadMatch], in payload: [UInt8]) -> Bool {
        guard !matches.isEmpty else { return true }
        guard (try? PayloadLimits.check(payload)) != nil,
            let document = try? JSONSerialization.jsonObject(with: Data(payload), options: .fragmentsAllowed)
        else { return false }
        return matches.allSatisfy { $0.isMet(by: document, at: $0.path[...]) }
    }

    private func isMet(by document: Any, at path: ArraySlice<String>) -> Bool {
        if let list = document as? [Any] {
            if let first = path.first, let index = Int(first), list.indices.contains(index) {
                return isMet(by: list[index], at: path.dropFirst())
            }
            return list.contains { isMet(by: $0, at: path) }
        }
        guard let key = path.first else { return isScalar(document) }
        guard let object = document as? [String: Any], let member = object[key] else { return false }
        return isMet(by: member, at: path.dropFirst())
    }

    /// On Linux a JSON boolean also bridges to a number, so booleans come before numbers.
    private func isScalar(_ scalar: Any) -> Bool {
        switch scalar {
        case let text as String: text == value
        case is NSNull: value == "null"
        case let number as NSNumber:
            if CFBooleanType.isBoolean(number) {
                value == (number.boolValue ? "true" : "false")
            } else {
                number.stringValue == value || Double(value) == number.doubleValue
            }
        default: false
        }
    }
}

private enum CFBooleanType {
    /// `objCType` is "c" for booleans alone: JSON's integers are "q" and its fractions "d".
    static func isBoolean(_ number: NSNumber) -> Bool {
        String(cString: number.objCType) == "c"
    }
}
