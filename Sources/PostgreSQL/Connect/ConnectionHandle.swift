import CPostgreSQL
import Logging

/// Owns one PGconn and closes it. Never leaves the thread that opened it; libpq is in non-blocking mode throughout.
struct ConnectionHandle: ~Copyable {
    let pointer: OpaquePointer
    private let notices: NoticeLog

    init(adopting pointer: OpaquePointer, logger: Logger) {
        self.pointer = pointer
        notices = NoticeLog(logger: logger)
        PQsetNoticeReceiver(
            pointer,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue().log(result)
            },
            Unmanaged.passUnretained(notices).toOpaque()
        )
    }

    deinit {
        PQfinish(pointer)
    }

    var isUsable: Bool { PQstatus(pointer) == CONNECTION_OK }

    /// libpq's last message in one line, for a log.
    var lastMessage: String {
        let text = PQerrorMessage(pointer).map { String(cString: $0) } ?? ""
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }
        return lines.isEmpty ? "no reason given" : lines.joined(separator: "; ")
    }
}

/// Where a connection's notices go; lives as long as the PGconn that points to it.
private final class NoticeLog {
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func log(_ result: OpaquePointer) {
        let text = { (field: UnsafePointer<CChar>?) in field.map { String(cString: $0) } ?? "" }
        logger.debug(
            "notice from PostgreSQL",
            metadata: [
                "pg_severity": "\(text(cpg_error_severity(result)))",
                "pg_sqlstate": "\(text(cpg_error_sqlstate(result)))",
                "pg_message": "\(text(cpg_error_message(result)))",
            ]
        )
    }
}
