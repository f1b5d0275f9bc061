import Logging
import Synchronization
import Testing

@testable import JobCore

@Suite(.timeLimit(.minutes(1))) struct `Acknowledging in batches` {
    /// Answers as it is told, and keeps the batches that came.
    private final class ScriptedConsumption: Consumption {
        private let state = Mutex((answers: [BrokerError?](), batches: [[UInt64]]()))

        init(_ answers: [BrokerError?] = []) {
            state.withLock { $0.answers = answers }
        }

        var batches: [[UInt64]] { state.withLock { $0.batches } }

        func next() async -> [Delivery]? { nil }
        func setCredit(_ credit: Int) async {}
        func stop() async {}
        func giveBack() async {}

        func acknowledge(_ tags: [DeliveryTag]) async throws(BrokerError) {
            let error = state.withLock { state -> BrokerError? in
                state.batches.append(tags.map(\.number))
                return state.answers.isEmpty ? nil : state.answers.removeFirst()
            }
            if let error { throw error }
        }
    }

    /// Asked only for marks, and only after a key was handed over.
    private struct NoStore: StoreDriver {
        let dialect = Dialect.sqlite

        func write<T: Sendable>(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
        ) async throws(StoreError) -> T { throw .refused("no store in this test") }

        func read<T: Sendable>(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
        ) async throws(StoreError) -> T { throw .refused("no store in this test") }

        func migrate(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> Void
        ) async throws(StoreError) { throw .refused("no store in this test") }
    }

    private func acknowledger(_ consumption: ScriptedConsumption) -> Acknowledger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let settler = Settler(store: Store(driver: NoStore()), patience: .zero, logger: logger)
        return Acknowledger(consumption: consumption, settler: settler, worker: "test", logger: logger)
    }

    private func tag(_ number: UInt64) -> DeliveryTag { DeliveryTag(generation: 1, number: number) }

    @Test func `everything handed over is sent once, in order`() async {
        let consumption = ScriptedConsumption()
        let acknowledger = acknowledger(consumption)
        for number in 0..<1000 { acknowledger.acknowledge(tag(UInt64(number)), ran: nil) }
        await acknowledger.flush()
        #expect(consumption.batches.flatMap(\.self) == (0..<1000).map(UInt64.init))
    }

    @Test func `a flush with nothing under way returns at once`() async {
        await acknowledger(ScriptedConsumption()).flush()
    }

    @Test(arguments: [BrokerError.stale, .refused("no"), .queueMissing("gone")])
    func `what the broker will hand out again is left to it`(error: BrokerError) async {
        let consumption = ScriptedConsumption([error])
        let acknowledger = acknowledger(consumption)
        acknowledger.acknowledge(tag(1), ran: nil)
        await acknowledger.flush()
        #expect(consumption.batches == [[1]])
        acknowledger.acknowledge(tag(2), ran: nil)
        await acknowledger.flush()
        #expect(consumption.batches == [[1], [2]])
    }

    @Test func `a broker that is away is waited for`() async {
        let consumption = ScriptedConsumption([.unavailable("away"), .unavailable("away"), nil])
        let acknowledger = acknowledger(consumption)
        acknowledger.acknowledge(tag(1), ran: nil)
        await acknowledger.flush()
        #expect(consumption.batches == [[1], [1], [1]])
    }
}
