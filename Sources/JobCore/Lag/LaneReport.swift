/// One row of `jobctl queues`: what a lane holds, how late it is and what follows from it.
package struct LaneReport: Sendable, Equatable {
    package enum Verdict: String, Sendable {
        case ok, unknown, stalled
        case fallingBehind = "falling_behind"
        case catchingUp = "catching_up"
        case noWorkers = "no_workers"
    }

    package let address: QueueAddress
    /// Nil when the broker could not be asked.
    package let ready: Int?
    package let running: Int
    /// By intent, until the due time.
    package let waiting: Int64
    package let overdue: Int64
    /// Open letters and what lies in the dead-letter queue; the latter counts in the queue's first lane.
    package let dead: Int64
    /// Living processes that fetch the lane.
    package let workers: Int
    package let lag: LagEstimate
    package let threshold: Duration
    package let verdict: Verdict
    package let flow: FlowCounts

    /// Only a measurement makes it true.
    package var isOK: Bool { verdict == .ok }

    static func verdict(ready: Int?, workers: Int, lag: Duration?, threshold: Duration) -> Verdict {
        if let ready, ready > 0, workers == 0 { return .noWorkers }
        guard let lag else { return .unknown }
        return lag > threshold ? .fallingBehind : .ok
    }
}

extension LaneReport {
    package static let defaultThreshold: Duration = .seconds(300)

    /// One report a lane, ordered by queue and lane. Lanes come from the routing table, and from rows that are left of
    /// queues which no longer have a route.
    /// - Parameters:
    ///   - depths: of lanes and dead-letter queues, by broker name; nil when the broker could not be asked.
    ///   - thresholds: lag thresholds by queue; 5 minutes where there is none.
    package static func all(
        of record: LaneRecord,
        depths: [String: QueueDepth]?,
        thresholds: [String: Duration]
    ) -> [LaneReport] {
        var seen: Set<String> = []
        var addresses = record.addresses
        if let depth = depths?[Topology.unroutableQueue], depth.ready > 0 {
            addresses.insert(QueueAddress(Topology.unroutableQueue))
        }
        return addresses.sorted().map { address in
            let isFirst = seen.insert(address.queue).inserted
            let inQueue = isFirst ? depths?[record.deadLetterQueue(of: address)]?.ready ?? 0 : 0
            return report(
                address,
                record,
                depths: depths,
                deadInQueue: Int64(inQueue),
                threshold: thresholds[address.queue] ?? defaultThreshold
            )
        }
    }

    private static func report(
        _ address: QueueAddress,
        _ record: LaneRecord,
        depths: [String: QueueDepth]?,
        deadInQueue: Int64,
        threshold: Duration
    ) -> LaneReport {
        let depth = depths?[address.name]
        let isGone = depths != nil && depth == nil && !record.isRouted(address)
        // A queue without route that the broker does not have either holds nothing; unroutable messages are no work.
        let ready = isGone || address.queue == Topology.unroutableQueue ? 0 : depth?.ready
        let waiting = record.waiting[address] ?? LaneRecord.Waiting()
        let head = record.heads[address]
        let workers = record.workers.count { $0.state == .up && $0.queues.contains(address.name) }
        let lag = LagEstimate(
            LagEstimate.Evidence(
                ready: ready,
                oldestReadyAt: depth?.oldestReadyAt,
                deliveredReadyAt: head?.deliveredReadyAt,
                emptyAt: head?.emptyAt,
                unstartedReadyAt: head?.unstartedReadyAt,
                overdueSince: waiting.overdueSince
            ),
            now: record.now
        )
        return LaneReport(
            address: address,
            ready: ready,
            running: record.workers.reduce(0) { $1.state == .gone ? $0 : $0 + ($1.runningCounts[address.name] ?? 0) },
            waiting: waiting.byIntent,
            overdue: waiting.overdue,
            dead: (record.dead[address] ?? 0) + deadInQueue,
            workers: workers,
            lag: lag,
            threshold: threshold,
            verdict: verdict(ready: ready, workers: workers, lag: lag.lag, threshold: threshold),
            flow: record.flows[address] ?? FlowCounts()
        )
    }
}
