import CPostgreSQL
import Synchronization

/// Asks the server to stop a statement that passed its deadline.
///
/// PQcancel connects anew and blocks without limit when the server is silent, so each request has a thread to lose;
/// at most a few are out at a time, the rest is left to the server, which notices the closed connection.
enum CancelRequest {
    private static let maximum = 8
    private static let inFlight = Mutex(0)

    /// libpq documents PGcancel as usable from any thread; this value is its only owner.
    private struct Ticket: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// Returns at once; the connection may be closed right after.
    static func send(for connection: borrowing ConnectionHandle) {
        let admitted = inFlight.withLock { count in
            guard count < maximum else { return false }
            count += 1
            return true
        }
        guard admitted else { return }
        guard let pointer = PQgetCancel(connection.pointer) else { return release() }
        let ticket = Ticket(pointer: pointer)
        let started = NamedThread.run("pg-cancel") {
            var reason = [CChar](repeating: 0, count: 256)
            _ = PQcancel(ticket.pointer, &reason, Int32(reason.count))
            PQfreeCancel(ticket.pointer)
            release()
        }
        guard !started else { return }
        PQfreeCancel(pointer)
        release()
    }

    private static func release() {
        inFlight.withLock { $0 -= 1 }
    }
}
