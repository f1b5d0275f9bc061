import Foundation
package import JobCore
package import Logging

/// Keeps the audit's head outside the database, once a minute while it grows: in the log always, and in a file where one
/// is named. Who can write to the database can make the chain anew; not so that it still agrees with these.
package actor AuditAnchor {
    private static let period: Duration = .seconds(60)

    private let store: Store
    private let path: String?
    private let logger: Logger
    private var last: AuditHead?
    private var due = ContinuousClock.now

    /// - Parameter path: gets a line `SEQ:HASH` for each head; made with mode 0600 if it is not there.
    package init(store: Store, path: String?, logger: Logger) {
        self.store = store
        self.path = path
        self.logger = logger
    }

    /// Can be called as often as one likes.
    package func turn() async throws {
        guard due <= .now else { return }
        if let head = try await store.auditHead(), head != last { try keep(head) }
        due = .now.advanced(by: AuditAnchor.period)
    }

    private func keep(_ head: AuditHead) throws {
        logger.info("audit head", metadata: [LogKey.count: "\(head.seq)", LogKey.digest: "\(head.hash)"])
        if let path { try AuditAnchor.append(head.text + "\n", to: path) }
        last = head
    }

    /// Append and sync: a line is whole or not there.
    private static func append(_ line: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw AnchorError(path, errno) }
        defer { close(descriptor) }
        let bytes = Array(line.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw AnchorError(path, errno)
        }
    }
}

struct AnchorError: Error, CustomStringConvertible {
    let description: String

    init(_ path: String, _ code: Int32) {
        description = "JOBS_AUDIT_HEAD_FILE \(path): \(String(cString: strerror(code)))"
    }
}
