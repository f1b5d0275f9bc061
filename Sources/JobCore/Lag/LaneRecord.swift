/// What the store knows of all lanes at one instant.
package struct LaneRecord: Sendable {
    package struct Waiting: Sendable, Equatable {
        package var byIntent: Int64 = 0
        package var overdue: Int64 = 0
        /// How long the oldest overdue job is past its due time.
        package var overdueBy: Duration?

        package init(byIntent: Int64 = 0, overdue: Int64 = 0, overdueBy: Duration? = nil) {
            self.byIntent = byIntent
            self.overdue = overdue
            self.overdueBy = overdueBy
        }
    }

    package struct Head: Sendable, Equatable {
        package var deliveredReadyAt: Timestamp?
        package var emptyAt: Timestamp?
        /// Of the living, the oldest fetched and not started.
        package var unstartedReadyAt: Timestamp?
        /// Of the dead, the oldest that has not been delivered again.
        package var orphanedReadyAt: Timestamp?
        /// When something was last delivered.
        package var deliveredAt: Timestamp?
        /// When the lane was last sampled.
        package var sampledAt: Timestamp?

        package init() {}
    }

    package var now: Timestamp
    package var routes: [Topology.Route] = []
    package var waiting: [QueueAddress: Waiting] = [:]
    package var dead: [QueueAddress: Int64] = [:]
    package var heads: [QueueAddress: Head] = [:]
    package var workers: [WorkerRecord] = []
    package var flows: [QueueAddress: FlowCounts] = [:]
    package var samples: [QueueAddress: [FlowSample]] = [:]
    /// Taken less given back, since ever.
    package var taken: [QueueAddress: Int64] = [:]

    package var brakes = Brakes()
    /// By queue: limits that have made jobs wait just now, and until when the last one waits.
    package var throttles: [String: Throttle] = [:]

    package struct Throttle: Sendable, Equatable {
        package let limit: String
        package let until: Timestamp
    }

    package init(now: Timestamp) {
        self.now = now
    }

    package var addresses: Set<QueueAddress> {
        Set(routes.map(\.address)).union(waiting.keys).union(dead.keys)
    }

    /// The broker queues whose depth a report needs.
    package var brokerQueues: [String] {
        let names = addresses.flatMap { [$0.name, deadLetterQueue(of: $0)] }
        return Array(Set(names + [Topology.unroutableQueue])).sorted()
    }

    /// The newest sample of all lanes.
    package var sampledAt: Timestamp? { heads.values.compactMap(\.sampledAt).max() }

    /// Letters in the queue of unroutable messages are dead ones of that queue itself.
    func deadLetterQueue(of address: QueueAddress) -> String {
        address.queue == Topology.unroutableQueue ? address.queue : address.deadLetterQueue
    }

    func isRouted(_ address: QueueAddress) -> Bool {
        routes.contains { $0.address == address }
    }
}

extension LaneRecord {
    /// For so long after a death the broker may not have noticed it, and deliveries say nothing of what the dead had.
    private static let returning: Duration = .seconds(20)

    /// What processes hold, or held when they died, is part of a lane's head.
    mutating func noteHeld() {
        for worker in workers {
            for (name, lane) in worker.held.lanes {
                let address = QueueAddress(brokerQueue: name)
                let lastSign = now.advanced(by: .zero - worker.heartbeatAge)
                var head = heads[address] ?? Head()
                if worker.isLost, let oldest = lane.oldest.map(Timestamp.init(milliseconds:)) {
                    let edge = lastSign.advanced(by: LaneRecord.returning)
                    guard (head.deliveredAt ?? lastSign) < edge else { continue }
                    head.orphanedReadyAt = min(head.orphanedReadyAt ?? oldest, oldest)
                } else if worker.state != .gone, let oldest = lane.unstarted.map(Timestamp.init(milliseconds:)) {
                    head.unstartedReadyAt = min(head.unstartedReadyAt ?? oldest, oldest)
                }
                heads[address] = head
            }
        }
    }
}

extension LaneRecord {
    /// The lane's history, with what it holds right now as the last entry.
    func ledger(of address: QueueAddress, ready: Int?) -> FlowLedger {
        var samples = samples[address] ?? []
        if let ready {
            samples.append(FlowSample(at: now, ready: Int64(ready), taken: taken[address] ?? 0))
        }
        return FlowLedger(samples)
    }
}
