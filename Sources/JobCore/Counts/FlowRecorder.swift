import Synchronization

/// How long the attempts of one process waited for their start, and took.
package struct AttemptTimes: Sendable, Equatable {
    /// Ready to started.
    package var wait = LatencyHistogram()
    /// Started to ended.
    package var duration = LatencyHistogram()

    package init() {}
}

/// Gathers counts in memory until the heartbeat writes them; a crash loses at most the last second of them. Times stay in
/// the process, which shows them itself.
package final class FlowRecorder: Sendable {
    private let counts = Mutex<[QueueAddress: FlowCounts]>([:])
    private let attempts = Mutex<[QueueAddress: AttemptTimes]>([:])

    package init() {}

    package func record(_ address: QueueAddress, _ change: (inout FlowCounts) -> Void) {
        counts.withLock { change(&$0[address, default: FlowCounts()]) }
    }

    /// - Parameter wait: nil for a message that does not say since when it was ready.
    package func record(_ address: QueueAddress, wait: Duration?, duration: Duration) {
        attempts.withLock { attempts in
            attempts[address, default: AttemptTimes()].duration.record(milliseconds: duration.milliseconds)
            guard let wait else { return }
            attempts[address, default: AttemptTimes()].wait.record(milliseconds: max(0, wait.milliseconds))
        }
    }

    /// Since the process began.
    package var times: [QueueAddress: AttemptTimes] { attempts.withLock { $0 } }

    /// Something is not written yet.
    package var hasCounts: Bool { counts.withLock { !$0.isEmpty } }

    package func take() -> [QueueAddress: FlowCounts] {
        counts.withLock { counts in
            defer { counts.removeAll(keepingCapacity: true) }
            return counts
        }
    }

    /// Puts back what could not be written.
    package func restore(_ taken: [QueueAddress: FlowCounts]) {
        counts.withLock {
            $0.merge(taken) { current, back in
                var sum = current
                sum.merge(back)
                return sum
            }
        }
    }
}
