import Crypto
import Foundation

/// What a job asks before it starts: one of each limit that bounds it and that it does not have already.
package struct LimitAsk: Sendable, Equatable {
    package struct Share: Sendable, Equatable {
        package let limit: LimitDeclaration
        /// Empty for a limit that all share.
        package let key: String

        package init(_ limit: LimitDeclaration, key: String) {
            (self.limit, self.key) = (limit, key)
        }
    }

    package let job: JobID
    package let queue: String
    package let worker: String
    package let shares: [Share]
    /// The longest wait that the asking process sits out; a longer one is spent in `waiting`.
    package let patience: Duration
    /// For how long a slot is the job's at most.
    package let holding: Duration

    package init(
        job: JobID,
        queue: String,
        worker: String,
        shares: [Share],
        patience: Duration,
        holding: Duration
    ) {
        self.job = job
        self.queue = queue
        self.worker = worker
        self.shares = shares
        self.patience = patience
        self.holding = holding
    }
}

package enum LimitAnswer: Sendable, Equatable {
    /// May start, after so long.
    case granted(after: Duration)
    /// Goes to `waiting`; when it comes back it has its share of the limits named, the last of which made it wait.
    case wait(Due, reserved: [String])
}

extension LimitDeclaration {
    /// The value whose limit a job is under; nil for one that has no such field, and for a limit without key.
    /// - Parameter isPersonal: then only its hash is kept.
    package func key(in payload: Any?, isPersonal: Bool) -> String? {
        guard let key else { return "" }
        var value = payload
        for part in key.split(separator: ".") { value = (value as? [String: Any])?[String(part)] }
        let text: String
        switch value {
        case let string as String: text = string
        case let number as NSNumber: text = number.stringValue
        default: return nil
        }
        return LimitDeclaration.stored(text, isPersonal: isPersonal)
    }

    package static func stored(_ value: String, isPersonal: Bool) -> String {
        guard isPersonal || value.utf8.count > 200 else { return value.scrubbed(maximumBytes: 200) }
        return "sha256:" + Array(SHA256.hash(data: Data(value.utf8))).hexadecimal.prefix(32)
    }
}
