/// One row of `jobctl queues`: what a lane holds, how late it is and what follows from it.
package struct LaneReport: Sendable, Equatable {
    package enum Verdict: String, Sendable {
        case ok, unknown, stalled
        case fallingBehind = "falling_behind"
        case catchingUp = "catching_up"
        case noWorkers = "no_workers"
    }

    /// Whether anything keeps the lane from being fetched as fast as its workers could.
    package enum State: String, Sendable {
        case running, paused, parked, throttled
    }

    package let address: QueueAddress
    package let state: State
    /// Why it is not running; for people.
    package let reason: String?
    /// When that ends, as far as anybody knows.
    package let until: Timestamp?
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
    /// Messages that come and go in a second; nil without two samples.
    package let inRate: Double?
    package let outRate: Double?
    package let forecast: LaneForecast

    /// Only a measurement within the threshold makes it true, and nobody to do the work makes it false.
    package var isOK: Bool {
        guard let lag = lag.lag, lag <= threshold else { return false }
        return [.ok, .fallingBehind, .catchingUp].contains(verdict)
    }
}

extension LaneReport {
    /// Nothing leaving for longer than this, with work and workers, is a standstill.
    static let standstill: Duration = .seconds(15)
    /// A breach that is nearer than this is told before it comes.
    static let notice: Duration = .seconds(120)

    static func verdict(
        ready: Int?,
        workers: Int,
        lag: Duration?,
        threshold: Duration,
        forecast: LaneForecast,
        standstill: Duration
    ) -> Verdict {
        if let ready, ready > 0, workers == 0 { return .noWorkers }
        guard let lag else { return .unknown }
        if let ready, ready > 0, lag > LaneReport.standstill, standstill > LaneReport.standstill { return .stalled }
        if lag > threshold { return forecast.drain.map { $0 > .zero } == true ? .catchingUp : .fallingBehind }
        if let breach = forecast.breach, breach < LaneReport.notice, lag > threshold / 4 { return .fallingBehind }
        return .ok
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
        let ledger = record.ledger(of: address, ready: ready)
        let workers = record.workers.count { $0.state == .up && $0.queues.contains(address.name) }
        let lag = LagEstimate(
            LagEstimate.Evidence(
                ready: ready,
                oldestReadyAt: depth?.oldestReadyAt,
                deliveredReadyAt: head?.deliveredReadyAt,
                emptyAt: head?.emptyAt,
                unstartedReadyAt: head?.unstartedReadyAt,
                orphanedReadyAt: head?.orphanedReadyAt,
                overdue: waiting.overdueBy,
                ledger: ledger
            ),
            now: record.now
        )
        let rates = ledger.rates
        let forecast = LaneForecast(
            ready: ready,
            rates: rates,
            lag: lag.lag,
            threshold: threshold,
            workers: workers
        )
        let brake = record.brake(of: address.queue)
        return LaneReport(
            address: address,
            state: brake.state,
            reason: brake.reason,
            until: brake.until,
            ready: ready,
            running: record.workers.reduce(0) { $1.state == .gone ? $0 : $0 + ($1.runningCounts[address.name] ?? 0) },
            waiting: waiting.byIntent,
            overdue: waiting.overdue,
            dead: (record.dead[address] ?? 0) + deadInQueue,
            workers: workers,
            lag: lag,
            threshold: threshold,
            verdict: verdict(
                ready: ready,
                workers: workers,
                lag: lag.lag,
                threshold: threshold,
                forecast: forecast,
                standstill: ledger.standstill
            ),
            flow: record.flows[address] ?? FlowCounts(),
            inRate: rates?.in,
            outRate: rates?.out,
            forecast: forecast
        )
    }
}

extension LaneRecord {
    /// The strongest brake on a queue: what a person did, then what a breaker did, then a limit.
    package func brake(of queue: String) -> (state: LaneReport.State, reason: String?, until: Timestamp?) {
        if let control = brakes.controls.first(where: { $0.scope == .queue && $0.name == queue }) {
            return (.paused, control.text, control.until)
        }
        let stops = brakes.breakers.filter { $0.state != .closed && $0.queues.contains(queue) }
        if let breaker = stops.first(where: { $0.state == .open }) ?? stops.first {
            let word = breaker.state == .halfOpen ? "is tried with one job at a time" : "is open"
            let reason = "the breaker of \(breaker.name) \(word)" + (breaker.reason.map { ": \($0)" } ?? "")
            return (.parked, reason, breaker.until)
        }
        if let throttle = throttles[queue] {
            return (.throttled, "limit \(throttle.limit) makes jobs wait", throttle.until)
        }
        return (.running, nil, nil)
    }
}
