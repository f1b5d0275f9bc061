import Crypto
import Foundation

/// A person, as payloads know them: by a member with a value (`user_id=42`), or by a text wherever it stands (an address).
package enum Subject: Sendable, Equatable {
    case member(PayloadMatch)
    case text(String)

    /// Shorter texts stand in too many payloads by chance.
    package static let shortestText = 5

    /// Nil for a text that is too short to mean one person.
    package init?(_ text: String) {
        if let match = PayloadMatch(text), !match.value.isEmpty {
            self = .member(match)
        } else if text.count >= Subject.shortestText {
            self = .text(text.lowercased())
        } else {
            return nil
        }
    }

    /// What the audit keeps: it says that the same person was meant, and not who.
    package var digest: String {
        let text =
            switch self {
            case .member(let match): match.path.joined(separator: ".") + "=" + match.value
            case .text(let text): text
            }
        return SHA256.hash(data: Data(text.utf8)).prefix(8).hexadecimal
    }

    package func isIn(_ payload: [UInt8]) -> Bool {
        switch self {
        case .member(let match): return PayloadMatch.all([match], in: payload)
        case .text(let text):
            if (try? PayloadLimits.check(payload)) != nil,
                let document = try? JSONSerialization.jsonObject(with: Data(payload), options: .fragmentsAllowed)
            {
                return Subject.contains(document, text)
            }
            // No JSON: the bytes themselves are looked through.
            return Subject.stands(text, in: String(decoding: payload, as: UTF8.self))
        }
    }

    /// In a key that producers made (`digest:ana@example.com`). A member's value alone is too little there.
    package func isInKey(_ key: String) -> Bool {
        if case .text(let text) = self { Subject.stands(text, in: key) } else { false }
    }

    private static func contains(_ document: Any, _ text: String) -> Bool {
        switch document {
        case let object as [String: Any]: object.contains { stands(text, in: $0.key) || contains($0.value, text) }
        case let list as [Any]: list.contains { contains($0, text) }
        case let scalar as String: stands(text, in: scalar)
        case let number as NSNumber: number.stringValue == text
        default: false
        }
    }

    /// As a word of its own: `ana@example.com` is not in `joana@example.com`.
    private static func stands(_ text: String, in longer: String) -> Bool {
        let longer = Array(longer.lowercased())
        let text = Array(text)
        guard longer.count >= text.count else { return false }
        for start in 0...(longer.count - text.count) where longer[start] == text[0] {
            let end = start + text.count
            guard longer[start..<end].elementsEqual(text) else { continue }
            if !goesOn(longer[..<start].reversed()), !goesOn(longer[end...]) { return true }
        }
        return false
    }

    /// Whether the word goes on: with a letter or a digit, or with one behind a mark that addresses and numbers have inside.
    private static func goesOn(_ rest: some Sequence<Character>) -> Bool {
        let next = Array(rest.prefix(2))
        guard let first = next.first else { return false }
        if isPart(first) { return true }
        return ".-+@".contains(first) && next.count == 2 && isPart(next[1])
    }

    private static func isPart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}
