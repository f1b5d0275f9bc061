import Foundation

/// The top-level keys of a JSON object; empty for anything else.
enum JSONKeys {
    static func of(_ payload: [UInt8]) -> Set<String> {
        let object = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any]
        return Set(object?.keys.map(\.self) ?? [])
    }
}
