import Foundation
import JobCore

/// Shows payloads without personal fields: those that the job's declaration names, or every text where there is no
/// declaration to ask.
struct PayloadMask {
    private static let mark = "***"
    private let manifest: Manifest?
    private let reveals: Bool

    init(_ manifest: Manifest?, reveals: Bool) {
        self.manifest = manifest
        self.reveals = reveals
    }

    /// JSON, as it is or masked; bytes that are no JSON are a text when revealed and otherwise null.
    func payload(of letter: LetterRecord) -> JSONValue {
        let bytes = letter.payload ?? []
        guard (try? PayloadLimits.check(bytes)) != nil,
            let document = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        else { return reveals ? .text(String(decoding: bytes, as: UTF8.self)) : .null }
        if reveals { return .verbatim(PayloadMask.onOneLine(bytes)) }
        return mask(document, at: [], personal: personalFields(of: letter))
    }

    /// Our own headers are figures and names; of a stranger's, and of keys that a producer makes up, only the names are
    /// shown.
    func headers(of letter: LetterRecord) -> JSONValue {
        let keys: Set = [HeaderName.debounceKey, HeaderName.throttleKey, HeaderName.uniqueKey]
        return .object(
            letter.headers.sorted { $0.key < $1.key }.map { name, value in
                let isOurs = name.hasPrefix("x-job-") && !keys.contains(name) || name == HeaderName.traceparent
                return (name, isOurs || reveals ? PayloadMask.json(value) : .text(PayloadMask.mark))
            }
        )
    }

    /// Nil when nobody has said which fields are personal.
    private func personalFields(of letter: LetterRecord) -> Set<[String]>? {
        guard let name = JobName(letter.job), let declaration = manifest?.jobs[name] else { return nil }
        return Set(declaration.personalFields.map { $0.split(separator: ".").map(String.init) })
    }

    /// A path covers what is below it; lists have no part in a path.
    private func mask(_ value: Any, at path: [String], personal: Set<[String]>?) -> JSONValue {
        if let personal, personal.contains(path) { return .text(PayloadMask.mark) }
        switch value {
        case let object as [String: Any]:
            return .object(
                object.sorted { $0.key < $1.key }.map {
                    ($0.key, mask($0.value, at: path + [$0.key], personal: personal))
                }
            )
        case let list as [Any]: return .array(list.map { mask($0, at: path, personal: personal) })
        case let text as String: return .text(personal == nil ? PayloadMask.mark : text)
        default: return .verbatim(PayloadMask.scalar(value))
        }
    }

    private static func scalar(_ value: Any) -> String {
        let data = try? JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }

    /// Line breaks between tokens become spaces; inside strings JSON has none.
    private static func onOneLine(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }, as: UTF8.self)
    }

    private static func json(_ value: HeaderValue) -> JSONValue {
        switch value {
        case .int(let number): .int(number)
        case .bool(let flag): .bool(flag)
        case .double(let number): .double(number)
        case .string(let text): .text(text)
        case .bytes(let bytes): .text(Data(bytes).base64EncodedString())
        case .list(let values): .array(values.map(json))
        case .table(let table): .object(table.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) })
        case .null: .null
        }
    }
}
