import Foundation

/// What a step of a deduplicating job gave, as it is kept beside the step.
enum EffectResult {
    /// Results are for going on with, not for storage: 64 KiB.
    static let maximumBytes = 65_536

    /// In an array, since a bare number or text is no JSON document for every decoder.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let bytes = [UInt8](try JSONEncoder().encode([value]))
        guard bytes.count <= maximumBytes else {
            throw JobError.dead(
                "result_too_large",
                "a step gave \(bytes.count) bytes, at most \(maximumBytes) are kept: store it and return its key"
            )
        }
        return bytes
    }

    static func decode<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) throws -> T {
        guard let value = try? JSONDecoder().decode([T].self, from: Data(bytes)).first else {
            throw JobError.dead(
                "result_changed",
                "what an earlier run of this step gave is no \(T.self): name the step anew when its result changes"
            )
        }
        return value
    }
}

/// The result of a step that gives none.
struct NoResult: Codable, Sendable {}
