import Logging
import Synchronization

/// Fetches one lane of a queue and runs what comes, until it drains. Parks while the store is away: the broker keeps
/// everything.
final class QueueRunner: Sendable {
    private struct State {
        var consumption: (any Consumption)?
        var isDraining = false
        /// Why fetching stops for now; the runner goes on when the store answers again.
        var storeLost = false
        /// Attempts whose start marks are this process's and that have not ended.
        var marked: [DeliveryTag: AttemptKey] = [:]
        var head = LaneHead()
        var gauge: CreditGauge
        var pace: RedeliveryPace
    }

    let address: QueueAddress
    let running = RunningAttempts()
    private let slots: Slots
    private let attempts: AttemptExecutor
    private let redeliveries: Redeliveries
    private let broker: any Broker
    private let store: Store
    private let logger: Logger
    private let state: Mutex<State>

    init(
        address: QueueAddress,
        gauge: CreditGauge,
        slots: Slots,
        attempts: AttemptExecutor,
        redeliveries: Redeliveries,
        broker: any Broker,
        store: Store,
        logger: Logger
    ) {
        self.address = address
        self.slots = slots
        self.attempts = attempts
        self.redeliveries = redeliveries
        self.broker = broker
        self.store = store
        var logger = logger
        logger[metadataKey: LogKey.queue] = "\(address)"
        self.logger = logger
        state = Mutex(State(gauge: gauge, pace: RedeliveryPace(slots: gauge.concurrency)))
    }

    /// What this process has seen of the lane's head since the last call.
    func takeHead() -> LaneHead {
        state.withLock { state in
            defer { state.head.deliveredReadyAt = nil }
            return state.head
        }
    }

    /// Returns when drained: everything settled is acknowledged, everything else is back with the broker.
    func run() async {
        var backoff = Backoff(base: .milliseconds(100), cap: .seconds(5))
        while !isDraining {
            do {
                let consumption = try await broker.consume(address.name, credit: state.withLock { $0.gauge.credit })
                backoff.reset()
                await consume(consumption)
            } catch {
                logger.warning("cannot fetch, will try again", metadata: [LogKey.error: "\(error.label)"])
                await pause(backoff.next())
            }
            await untilStoreAnswers()
        }
    }

    /// Stops fetching. What runs goes on; `run()` returns when it has ended.
    func drain() async {
        let consumption = state.withLock { state in
            state.isDraining = true
            return state.consumption
        }
        running.drain()
        slots.end()
        await consumption?.stop()
    }

    private var isDraining: Bool { state.withLock { $0.isDraining } }

    private func consume(_ consumption: any Consumption) async {
        let mayStart = state.withLock { state in
            state.consumption = consumption
            return !state.isDraining
        }
        let acknowledger = Acknowledger(
            consumption: consumption,
            settler: attempts.settler,
            worker: attempts.worker,
            logger: logger
        )
        if mayStart { await start(consumption, acknowledger) }
        await consumption.stop()
        await running.idle()
        await acknowledger.flush()
        await withdrawMarks()
        await consumption.giveBack()
        state.withLock { state in
            state.consumption = nil
            state.head.unstartedReadyAt = nil
        }
    }

    private func start(_ consumption: any Consumption, _ acknowledger: Acknowledger) async {
        while let batch = await consumption.next() {
            guard await start(batch, acknowledger) else { return }
            state.withLock { $0.head.unstartedReadyAt = nil }
        }
    }

    /// False when nothing more shall start. While one piece of the batch starts, the next is looked up.
    private func start(_ batch: [Delivery], _ acknowledger: Acknowledger) async -> Bool {
        var rest = batch[...]
        var piece = nextPiece(&rest)
        var greetings = await lookUp(piece)
        while !piece.isEmpty {
            let following = nextPiece(&rest)
            async let next = lookUp(following)
            let goesOn = await start(piece, greetings, acknowledger)
            (piece, greetings) = (following, await next)
            guard goesOn else { return false }
        }
        return true
    }

    /// What is looked up at once, or as many as need no look-up.
    private func nextPiece(_ rest: inout ArraySlice<Delivery>) -> ArraySlice<Delivery> {
        guard let first = rest.first else { return [] }
        let isLookedUp = isLookedUp(first)
        var piece = rest.prefix { self.isLookedUp($0) == isLookedUp }
        if isLookedUp {
            piece = piece.prefix(
                state.withLock { $0.pace.size(starts: $0.gauge.starts(within: RedeliveryPace.horizon)) }
            )
        }
        rest = rest.dropFirst(piece.count)
        return piece
    }

    /// What was handed out before, and what is to have its effect once however often it comes.
    private func isLookedUp(_ delivery: Delivery) -> Bool {
        delivery.redelivered || attempts.deduplicates(delivery.message)
    }

    /// Nil when the store is lost.
    private func lookUp(_ piece: ArraySlice<Delivery>) async -> [DeliveryTag: Greeting]? {
        guard let first = piece.first, isLookedUp(first) else { return [:] }
        do throws(StoreError) {
            let greetings = try await redeliveries.welcome(piece)
            let hasSuspect = greetings.values.contains { $0.welcome.answer == .runAlone }
            state.withLock { state in
                state.pace.answered(piece.count, hasSuspect: hasSuspect)
                for (tag, greeting) in greetings where greeting.welcome.answer == .run {
                    state.marked[tag] = greeting.key
                }
            }
            return greetings
        } catch {
            await park(error)
            return nil
        }
    }

    /// False when nothing more shall start.
    private func start(
        _ piece: ArraySlice<Delivery>,
        _ greetings: [DeliveryTag: Greeting]?,
        _ acknowledger: Acknowledger
    ) async -> Bool {
        guard let greetings else { return false }
        for delivery in piece {
            let welcome = greetings[delivery.tag]?.welcome
            if welcome?.answer == .finished {
                acknowledger.acknowledge(delivery.tag, ran: nil)
                continue
            }
            note(delivery)
            guard await slots.acquire(address.lane) else { return false }
            let generation = isLookedUp(delivery) ? welcome?.generation : 0
            begin(delivery, welcome?.answer ?? .run, generation: generation, acknowledger)
        }
        return true
    }

    /// What goes back on purpose blames nobody. Marks that cannot be withdrawn now are tried at the next giving back: while
    /// this process lives they mean nothing.
    private func withdrawMarks() async {
        let marked = state.withLock { $0.marked }
        guard !marked.isEmpty else { return }
        do throws(StoreError) {
            try await store.withdrawStarts(Array(marked.values), worker: attempts.worker)
            state.withLock { state in for tag in marked.keys { state.marked[tag] = nil } }
        } catch {
            logger.warning("start marks stay for now", metadata: [LogKey.error: "\(error.label)"])
        }
    }

    private func note(_ delivery: Delivery) {
        // A stranger's clock may be wrong: a ready-at to come would hide the lag until then.
        guard let readyAt = delivery.message.readyAt.map({ min($0, .now()) }) else { return }
        state.withLock { $0.head.saw(readyAt) }
    }

    private func begin(
        _ delivery: Delivery,
        _ answer: Redelivery,
        generation: Int?,
        _ acknowledger: Acknowledger
    ) {
        let prepared = attempts.prepare(delivery, answer, generation: generation)
        let key = running.begin(prepared.id, prepared.job, deadline: prepared.deadline)
        let task = Task {
            let handle = AttemptHandle(running: running, key: key)
            do throws(StoreError) {
                #if JOBS_MUTANT_ACK_FIRST
                    // The mistake that loses jobs, made on purpose: `scripts/prove` builds it to show that the kill campaign
                    // can see a loss. No other build has it.
                    acknowledger.acknowledge(delivery.tag, ran: nil)
                    _ = try await attempts.run(prepared, at: address, handle)
                #else
                    switch try await attempts.run(prepared, at: address, handle) {
                    case .settled: finish(prepared, acknowledger)
                    case .givenBack: break
                    // The broker knows the tag no more; to the consumption it is a place that is free again.
                    case .superseded: acknowledger.acknowledge(delivery.tag, ran: nil)
                    }
                #endif
            } catch {
                await park(error)
            }
            slots.release()
            await measure(prepared)
            running.end(key)
        }
        running.attach(task, to: key)
    }

    /// Asks for more or fewer deliveries when the attempts have become shorter or longer.
    private func measure(_ prepared: PreparedAttempt) async {
        let now = ContinuousClock.now
        let change = state.withLock { state -> (credit: Int, consumption: (any Consumption)?)? in
            state.gauge.finished(
                lasting: now - prepared.started,
                bytes: prepared.delivery.message.body.count,
                now: now
            ).map { ($0, state.consumption) }
        }
        guard let change else { return }
        logger.debug("fetches with another credit", metadata: [LogKey.count: "\(change.credit)"])
        await change.consumption?.setCredit(change.credit)
    }

    private func finish(_ prepared: PreparedAttempt, _ acknowledger: Acknowledger) {
        let delivery = prepared.delivery
        if prepared.generation != 0 { state.withLock { _ = $0.marked.removeValue(forKey: delivery.tag) } }
        acknowledger.acknowledge(delivery.tag, ran: delivery.message)
    }

    /// The store is lost: stop fetching and give back, instead of failing one job after the other.
    private func park(_ error: StoreError) async {
        let consumption = state.withLock { state -> (any Consumption)? in
            guard !state.storeLost else { return nil }
            state.storeLost = true
            return state.consumption
        }
        guard let consumption else { return }
        logger.error(
            "parked: the store does not answer; the broker keeps the jobs",
            metadata: [
                LogKey.error: "\(error.label)"
            ]
        )
        slots.close()
        await consumption.stop()
    }

    /// Also for a lane whose sister has parked the queue: its slots are closed until the store answers.
    private func untilStoreAnswers() async {
        guard state.withLock({ $0.storeLost }) || slots.isClosed, !isDraining else { return }
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
        while !isDraining {
            if (try? await store.now()) != nil {
                state.withLock { $0.storeLost = false }
                slots.open()
                return logger.notice("the store answers again, fetching goes on")
            }
            await pause(backoff.next())
        }
    }

    /// Waits in short steps, so that draining is not held up.
    private func pause(_ duration: Duration) async {
        let end = ContinuousClock.now.advanced(by: duration)
        while ContinuousClock.now < end, !isDraining {
            try? await Task.sleep(for: min(.milliseconds(100), ContinuousClock.now.duration(to: end)))
        }
    }
}

/// What a process knows of the front of a lane: lag is measured from here where the broker cannot tell.
package struct LaneHead: Sendable, Equatable {
    /// Ready-at of the newest delivery seen: nothing older is still in the queue, but for what came back.
    package var deliveredReadyAt: Timestamp?
    /// Ready-at of the oldest delivery that waits for a slot here.
    package var unstartedReadyAt: Timestamp?

    package init(deliveredReadyAt: Timestamp? = nil, unstartedReadyAt: Timestamp? = nil) {
        self.deliveredReadyAt = deliveredReadyAt
        self.unstartedReadyAt = unstartedReadyAt
    }

    mutating func saw(_ readyAt: Timestamp) {
        deliveredReadyAt = max(deliveredReadyAt ?? readyAt, readyAt)
        unstartedReadyAt = readyAt
    }
}

extension WireMessage {
    /// When the job could first run, as far as the message says.
    var readyAt: Timestamp? {
        if case .int(let milliseconds) = headers[HeaderName.readyAt] { return Timestamp(milliseconds: milliseconds) }
        guard let (milliseconds, overflow) = timestamp?.multipliedReportingOverflow(by: 1000), !overflow else {
            return nil
        }
        return Timestamp(milliseconds: milliseconds).bounded
    }
}
