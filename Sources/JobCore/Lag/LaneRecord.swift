/// What the store knows of all lanes at one instant.
package struct LaneRecord: Sendable {
    package struct Waiting: Sendable, Equatable {
        package var byIntent: Int64 = 0
        package var overdue: Int64 = 0
        /// Due time of the oldest overdue job.
        package var overdueSince: Timestamp?

        package init(byIntent: Int64 = 0, overdue: Int64 = 0, overdueSince: Timestamp? = nil) {
            self.byIntent = byIntent
            self.overdue = overdue
            self.overdueSince = overdueSince
        }
    }

    package struct Head: Sendable, Equatable {
        package var deliveredReadyAt: Timestamp?
        package var emptyAt: Timestamp?
        package var unstartedReadyAt: Timestamp?

        package init(deliveredReadyAt: Timestamp? = nil, emptyAt: Timestamp? = nil, unstartedReadyAt: Timestamp? = nil)
        {
            self.deliveredReadyAt = deliveredReadyAt
            self.emptyAt = emptyAt
            self.unstartedReadyAt = unstartedReadyAt
        }
    }

    package var now: Timestamp
    package var routes: [Topology.Route] = []
    package var waiting: [QueueAddress: Waiting] = [:]
    package var dead: [QueueAddress: Int64] = [:]
    package var heads: [QueueAddress: Head] = [:]
    package var workers: [WorkerRecord] = []
    package var flows: [QueueAddress: FlowCounts] = [:]

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

    /// Letters in the queue of unroutable messages are dead ones of that queue itself.
    func deadLetterQueue(of address: QueueAddress) -> String {
        address.queue == Topology.unroutableQueue ? address.queue : address.deadLetterQueue
    }

    func isRouted(_ address: QueueAddress) -> Bool {
        routes.contains { $0.address == address }
    }
}
