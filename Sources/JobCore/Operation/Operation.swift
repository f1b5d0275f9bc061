import Foundation

/// A change made by a person: who, what, why and how it ended. Written in the transaction that makes the change.
package struct Operation: Sendable, Equatable {
    package enum State: String, Sendable { case running, done, stopped }

    /// What differs from kind to kind; figures and names, never payloads.
    package enum Detail: Sendable, Equatable, Encodable {
        case int(Int)
        case double(Double)
        case bool(Bool)
        case text(String)
        case list([String])
        case counts([String: Int])

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .int(let value): try container.encode(value)
            case .double(let value): try container.encode(value)
            case .bool(let value): try container.encode(value)
            case .text(let value): try container.encode(value)
            case .list(let value): try container.encode(value)
            case .counts(let value): try container.encode(value)
            }
        }
    }

    package let id: String
    /// `dead.replay`, `waiting.cancel`, `topology.apply`, …
    package let kind: String
    /// What was changed, in the operator's own words: a selector, a queue, a version.
    package let subject: String
    package let actor: String
    package let reason: String?
    package let state: State
    package let detail: [String: Detail]

    package init(
        id: String = JobID().description,
        kind: String,
        subject: String,
        actor: String,
        reason: String? = nil,
        state: State = .done,
        detail: [String: Detail] = [:]
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.actor = actor
        self.reason = reason
        self.state = state
        self.detail = detail
    }

    var encodedDetail: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(detail)).map { [UInt8]($0) } ?? Array("{}".utf8)
    }
}
