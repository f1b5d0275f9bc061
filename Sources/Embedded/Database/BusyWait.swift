import Foundation
internal import GRDB
import Synchronization

/// What a connection does while another process holds the database: short sleeps until a deadline.
///
/// SQLite's own handler sleeps up to 100 ms at a time and so misses the pauses that other writers leave.
final class BusyWait: Sendable {
    private let limit: Duration
    private let announcement: TurnAnnouncement?
    private let until = Mutex<ContinuousClock.Instant?>(nil)

    init(limit: Duration, announcement: TurnAnnouncement? = nil) {
        self.limit = limit
        self.announcement = announcement
    }

    /// The next wait ends at `deadline` instead of at the limit.
    func expect(by deadline: ContinuousClock.Instant?) {
        until.withLock { $0 = deadline }
    }

    /// SQLite's busy callback, on the connection's thread: true to try again.
    func callback(tries: Int) -> Bool {
        let now = ContinuousClock.now
        let deadline = until.withLock { until in
            if until == nil { until = now + limit }
            return until ?? now
        }
        guard now < deadline else { return false }
        announcement?.announce()
        usleep(500)
        return true
    }

    func ended() {
        announcement?.withdraw()
        expect(by: nil)
    }
}
