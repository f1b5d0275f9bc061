import Synchronization

/// Gathers counts in memory until the heartbeat writes them; a crash loses at most the last second of them.
package final class FlowRecorder: Sendable {
    private let counts = Mutex<[QueueAddress: FlowCounts]>([:])

    package init() {}

    package func record(_ address: QueueAddress, _ change: (inout FlowCounts) -> Void) {
        counts.withLock { change(&$0[address, default: FlowCounts()]) }
    }

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
