import Crypto
import Foundation

/// One link of the audit's chain: a change by a person as it was written down then. Its hash covers its own fields and the
/// hash before it, so nothing in between can be changed or taken out unseen.
package struct AuditEntry: Sendable, Equatable {
    /// 1, 2, 3 without gaps.
    package let seq: Int64
    package let at: Timestamp
    package let operationID: String
    package let kind: String
    package let subject: String
    package let actor: String
    package let reason: String?
    package let state: String
    package let detail: [UInt8]
    /// SHA-256, 64 hex digits.
    package let hash: String

    /// What the hash must be, behind an entry with the hash `previous`; the first one has none.
    package func expectedHash(after previous: String) -> String {
        AuditEntry.hash([
            Array(previous.utf8), Array(String(seq).utf8), Array(String(at.milliseconds).utf8), Array(operationID.utf8),
            Array(kind.utf8), Array(subject.utf8), Array(actor.utf8), reason.map { Array($0.utf8) }, Array(state.utf8),
            detail,
        ])
    }

    /// Fields with their lengths: no two lists of fields have the same bytes.
    private static func hash(_ fields: [[UInt8]?]) -> String {
        var hash = SHA256()
        for field in fields {
            hash.update(data: Data((field.map { "\($0.count):" } ?? "-:").utf8))
            if let field { hash.update(data: field) }
        }
        return hash.finalize().hexadecimal
    }
}

/// The end of the chain at some time. One that is kept outside the database shows when the chain was cut or made anew.
package struct AuditHead: Sendable, Hashable, Codable {
    package let seq: Int64
    package let hash: String

    package init(seq: Int64, hash: String) {
        self.seq = seq
        self.hash = hash
    }

    /// `SEQ:HASH`, as `audit verify` prints it and a head file holds it, a line each.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let seq = Int64(parts[0]), seq > 0, parts[1].count == 64,
            parts[1].allSatisfy(\.isHexDigit)
        else { return nil }
        self.init(seq: seq, hash: parts[1].lowercased())
    }

    package var text: String { "\(seq):\(hash)" }
}

/// What is wrong with an audit.
package enum AuditFault: Sendable, Equatable {
    /// Entries between two others are gone.
    case missing(from: Int64, through: Int64)
    /// An entry is not what it was when the next one was written, or its own hash is not of it.
    case changed(Int64)
    /// Entries at the end are gone that a head knew of.
    case cutAfter(Int64, known: Int64)
    /// The chain was made anew: a head kept outside has another hash for this entry.
    case rewritten(Int64)
    /// The operation is not what its last entry says.
    case operationChanged(String)
    case operationMissing(String)
    /// An operation that finished since the audit began and has no entry.
    case unknownOperation(String)
}

/// What a look at the whole audit found.
package struct AuditReport: Sendable, Equatable {
    package var entries: Int64 = 0
    package var head: AuditHead?
    /// Heads from outside the database that were compared.
    package var headsCompared = 0
    /// The first thousand.
    package var faults: [AuditFault] = []
}
