import Foundation
import Synchronization

/// JSON with snake_case keys, in both directions. Coders are made per call: they are not Sendable and cost 0.3 µs.
package enum PayloadCoding {
    package static func encode(_ job: some Job) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .custom { path in SnakeKey.snake(path) }
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(job))
    }

    package static func decode<J: Job>(_ type: J.Type, from payload: [UInt8]) throws(Malformed) -> J {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in SnakeKey.camel(path) }
        decoder.dateDecodingStrategy = .iso8601
        do {
            return try decoder.decode(type, from: Data(payload))
        } catch let error as DecodingError {
            throw Malformed("malformed_payload", PayloadCoding.explain(error))
        } catch {
            throw Malformed("malformed_payload", "the payload does not decode")
        }
    }

    /// `venueID` → `venue_id`.
    static func fieldName(of property: String) -> String {
        SnakeKey.snake([SnakeKey(stringValue: property)]).stringValue
    }

    /// `venue_id` → `venueID`.
    static func propertyName(of field: String) -> String {
        SnakeKey.camel([SnakeKey(stringValue: field)]).stringValue
    }

    /// Says where and what, and never quotes a value: payloads carry personal data.
    private static func explain(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "the payload" : path.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "\(place(context.codingPath)) lacks \"\(key.stringValue)\""
        case .valueNotFound(_, let context):
            return "\(place(context.codingPath)) is null"
        case .typeMismatch(let type, let context):
            return "\(place(context.codingPath)) is not of type \(type)"
        case .dataCorrupted(let context):
            return "\(place(context.codingPath)) is not valid"
        @unknown default:
            return "the payload does not decode"
        }
    }
}

/// `venue_id` → `venueID`: Swift writes an acronym in one case, which Foundation's own strategy does not know.
/// The manifest's examples are decoded and encoded again at startup, so a property spelt otherwise is found there.
private struct SnakeKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    private static let acronyms: Set<Substring> = [
        "id", "ids", "url", "uuid", "html", "http", "https", "ip", "api", "sms", "json",
    ]

    private static let camels = KeyMemory()
    private static let snakes = KeyMemory()

    static func camel(_ path: [any CodingKey]) -> any CodingKey {
        guard let key = path.last else { return SnakeKey(stringValue: "") }
        guard key.intValue == nil, key.stringValue.utf8.contains(UInt8(ascii: "_")) else { return key }
        return SnakeKey(stringValue: camels.spelling(of: key.stringValue, camel))
    }

    private static func camel(_ key: String) -> String {
        let parts = key.split(separator: "_", omittingEmptySubsequences: true)
        guard let first = parts.first else { return key }
        return parts.dropFirst().reduce(into: String(first)) { $0 += word($1) }
    }

    /// `photoIDs` → `photo_ids`: Foundation's own strategy makes `photo_i_ds` of it.
    static func snake(_ path: [any CodingKey]) -> any CodingKey {
        guard let key = path.last else { return SnakeKey(stringValue: "") }
        guard key.intValue == nil else { return key }
        return SnakeKey(stringValue: snakes.spelling(of: key.stringValue, snake))
    }

    private static func snake(_ key: String) -> String {
        let letters = Array(key)
        guard letters.contains(where: \.isUppercase) else { return key }
        var snake = ""
        for (index, letter) in letters.enumerated() {
            if index > 0, letter.isUppercase, letters[index - 1] != "_", beginsWord(letters, index) { snake += "_" }
            snake += letter.lowercased()
        }
        return snake
    }

    /// An upper-case letter begins a word after a lower-case one, and at the end of a run of them (`URLText`), unless
    /// what follows is the run's plural `s`.
    private static func beginsWord(_ letters: [Character], _ index: Int) -> Bool {
        guard letters[index - 1].isUppercase else { return true }
        guard index + 1 < letters.count, letters[index + 1].isLowercase else { return false }
        let isPlural = letters[index + 1] == "s" && (index + 2 == letters.count || letters[index + 2].isUppercase)
        return !isPlural
    }

    private static func word(_ part: Substring) -> String {
        guard acronyms.contains(part) else { return part.prefix(1).uppercased() + part.dropFirst() }
        return part == "ids" ? "IDs" : part.uppercased()
    }
}

/// Spellings found before: working one out costs more than the rest of a key's decoding. Bounded, since payloads bring
/// keys of strangers' choosing.
private final class KeyMemory: Sendable {
    private static let limit = 1_024

    private let known = Mutex<[String: String]>([:])

    func spelling(of key: String, _ spell: (String) -> String) -> String {
        if let spelling = known.withLock({ $0[key] }) { return spelling }
        let spelling = spell(key)
        known.withLock { known in
            if known.count < KeyMemory.limit, key.utf8.count <= 128 { known[key] = spelling }
        }
        return spelling
    }
}
