import Foundation
internal import GRDB
import Synchronization

/// What a connection does while another process holds the database: short sleeps until a deadline.
///
/// SQLite's own handler sleeps up to 100 ms at a time and so misses the pauses that other writers leave.
final class BusyWait: Sendable {
    private let limit: Duration
    private let announcement: TurnAnnouncement?
    private let state: Mutex<State>

    private struct State {
        var expected: ContinuousClock.Instant?
        var until: ContinuousClock.Instant
    }

    init(limit: Duration, announcement: TurnAnnouncement? = nil) {
        self.limit = limit
        self.announcement = announcement
        state = Mutex(State(until: .now))
    }

    /// Waits end at `deadline` instead of at the limit, until `ended`.
    func expect(by deadline: ContinuousClock.Instant?) {
        state.withLock { $0.expected = deadline }
    }

    /// SQLite's busy callback, on the connection's thread: true to try again.
    func callback(tries: Int) -> Bool {
        let now = ContinuousClock.now
        let deadline = state.withLock { state in
            if tries == 0 { state.until = state.expected ?? now + limit }
            return state.until
        }
        guard now < deadline else { return false }
        announcement?.announce()
        // Our own writers rest for a millisecond; a stranger that never rests leaves microseconds between its commits.
        usleep(tries < 40 ? 500 : 150)
        return true
    }

    func ended() {
        announcement?.withdraw()
        expect(by: nil)
    }
}
