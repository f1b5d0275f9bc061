import Logging
import Synchronization

/// Fetches one lane of a queue and runs what comes, until it drains. Parks while the store is away: the broker keeps
/// everything.
final class QueueRunner: Sendable {
    struct State {
        var consumption: (any Consumption)?
        var isDraining = false
        /// Why fetching stops for now; the runner goes on when the store answers again.
        var storeLost = false
        /// A brake has stopped the queue: nothing more starts, what was fetched goes back.
        var isBraked = false
        /// This consumption is there for one job, which tries these dependencies.
        var trial: Trial?
        /// Attempts whose start marks are this process's and that have not ended.
        var marked: [DeliveryTag: AttemptKey] = [:]
        var head = LaneHead()
        /// Taken and neither acknowledged nor given back.
        var held = 0
        var gauge: CreditGauge
        var pace: RedeliveryPace
    }

    struct Trial {
        let dependencies: [String]
        var hasBegun = false
    }

    let address: QueueAddress
    let running = RunningAttempts()
    private let slots: Slots
    let attempts: AttemptExecutor
    private let redeliveries: Redeliveries
    private let broker: any Broker
    private let store: Store
    private let logger: Logger
    let state: Mutex<State>

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

    /// Ready-at of the newest delivery since the last call; nil when there was none.
    func takeDelivered() -> Timestamp? {
        state.withLock { state in
            defer { state.head.deliveredReadyAt = nil }
            return state.head.deliveredReadyAt
        }
    }

    /// Nothing is fetched and not settled.
    var isIdle: Bool { state.withLock { $0.held == 0 } }

    /// What would go back if this process died now.
    var held: HeldDeliveries.Lane {
        let oldestRunning = running.snapshot.compactMap(\.readyAt).min()
        return state.withLock { state in
            let oldest = [oldestRunning, state.head.unstartedReadyAt].compactMap(\.self).min()
            let unstarted = state.head.unstartedReadyAt?.milliseconds
            return HeldDeliveries.Lane(count: state.held, oldest: oldest?.milliseconds, unstarted: unstarted)
        }
    }

    /// Returns when drained: everything settled is acknowledged, everything else is back with the broker.
    func run() async {
        var backoff = Backoff(base: .milliseconds(100), cap: .seconds(5))
        while !isDraining {
            guard let trial = await mayFetch() else { continue }
            do {
                let credit = state.withLock { state in
                    state.trial = trial.isEmpty ? nil : Trial(dependencies: trial)
                    return trial.isEmpty ? state.gauge.credit : 1
                }
                let consumption = try await broker.consume(address.name, credit: credit)
                backoff.reset()
                await consume(consumption)
                if !trial.isEmpty { await endTrial(trial) }
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
        let isTrial = state.withLock { state in
            state.consumption = consumption
            return state.trial != nil
        }
        let mayStart = !isDraining && (isTrial || gate == .open)
        let patience = isTrial ? Task { await endFruitlessTrial(consumption) } : nil
        defer { patience?.cancel() }
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
        let back = state.withLock { state in
            state.consumption = nil
            state.head.unstartedReadyAt = nil
            defer { state.held = 0 }
            return state.held
        }
        attempts.flow.record(address) { $0.taken -= Int64(back) }
    }

    /// A piece of what was fetched, with what the store says of it; nil when the store is lost.
    private struct Piece: Sendable {
        let deliveries: ArraySlice<Delivery>
        let greetings: [DeliveryTag: Greeting]?
    }

    /// Pieces that are looked up before their turn: a look-up takes as long as the start of a piece, and its commit is waited
    /// for and not worked at.
    private static let piecesAhead = 2

    private func start(_ consumption: any Consumption, _ acknowledger: Acknowledger) async {
        let pieces = Conveyor<Piece>(capacity: QueueRunner.piecesAhead)
        async let feeding: Void = feed(pieces, from: consumption)
        while let piece = await pieces.take() {
            guard await start(piece.deliveries, piece.greetings, acknowledger) else { break }
            state.withLock { $0.head.unstartedReadyAt = nil }
        }
        pieces.close()
        await consumption.stop()
        await feeding
    }

    private func feed(_ pieces: Conveyor<Piece>, from consumption: any Consumption) async {
        defer { pieces.close() }
        while let batch = await consumption.next() {
            state.withLock { $0.held += batch.count }
            attempts.flow.record(address) { $0.taken += Int64(batch.count) }
            var rest = batch[...]
            while !rest.isEmpty {
                let deliveries = nextPiece(&rest)
                let piece = Piece(deliveries: deliveries, greetings: await lookUp(deliveries))
                // Next to a suspect nobody is marked as begun before the slots are near.
                let isWary = state.withLock { $0.pace.isWary }
                guard await pieces.give(piece, waitsUntilTaken: isWary) else { return }
            }
        }
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
                state.withLock { $0.held -= 1 }
                acknowledger.acknowledge(delivery.tag, ran: nil)
                continue
            }
            note(delivery)
            guard await slots.acquire(address.lane) else { return false }
            guard let probed = mayBegin() else {
                slots.release()
                return false
            }
            let generation = isLookedUp(delivery) ? welcome?.generation : 0
            let prepared = attempts.prepare(
                delivery,
                welcome?.answer ?? .run,
                generation: generation,
                probed: probed
            )
            if !probed.isEmpty {
                // For as long as the job may take.
                _ = await attempts.brakes.board.beginProbe(probed, at: address, lasting: prepared.timeout)
            }
            begin(prepared, acknowledger)
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

    private func begin(_ prepared: PreparedAttempt, _ acknowledger: Acknowledger) {
        let delivery = prepared.delivery
        let key = running.begin(
            prepared.id,
            prepared.job,
            readyAt: delivery.message.readyAt,
            deadline: prepared.deadline
        )
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
                    case .superseded:
                        state.withLock { $0.held -= 1 }
                        acknowledger.acknowledge(delivery.tag, ran: nil)
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
        let duration = prepared.started.duration(to: now)
        let wait = prepared.delivery.message.readyAt.map { Timestamp.now().duration(since: $0) - duration }
        attempts.flow.record(address, wait: wait, duration: duration)
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
        state.withLock { state in
            state.held -= 1
            if prepared.generation != 0 { state.marked[delivery.tag] = nil }
        }
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
    func pause(_ duration: Duration) async {
        let end = ContinuousClock.now.advanced(by: duration)
        while ContinuousClock.now < end, !isDraining {
            try? await Task.sleep(for: min(.milliseconds(100), ContinuousClock.now.duration(to: end)))
        }
    }
}
