import JobCore
import Logging

/// A fetch from one queue. Decoding runs on the writer's thread, inside the claim's transaction.
actor EmbeddedConsumption: Consumption {
    private enum State { case fetching, stopped, ended }

    nonisolated let bell = Doorbell()
    private let broker: EmbeddedBroker
    private let claim: Claim
    private var credit: Int
    private var state = State.fetching
    private var unacknowledged: Set<UInt64> = []

    init(broker: EmbeddedBroker, claim: Claim, credit: Int) {
        self.broker = broker
        self.claim = claim
        self.credit = credit
    }

    func next() async -> [Delivery]? {
        var pause = Duration.milliseconds(50)
        while state == .fetching, !Task.isCancelled {
            let free = credit - unacknowledged.count
            if free > 0 {
                do throws(StoreError) {
                    let deliveries = try await fetch(free)
                    // Whoever gave everything back meanwhile gave these back too.
                    guard state != .ended else { return nil }
                    if !deliveries.isEmpty {
                        unacknowledged.formUnion(deliveries.map(\.tag.number))
                        return deliveries
                    }
                } catch {
                    broker.logger.warning("fetching failed", metadata: metadata(error))
                    try? await Task.sleep(for: pause)
                    pause = min(pause * 2, .seconds(1))
                    continue
                }
            }
            await bell.wait()
        }
        return nil
    }

    private func fetch(_ free: Int) async throws(StoreError) -> [Delivery] {
        try await broker.database.write { [claim] session throws(StoreError) in try claim.fetch(free, session) }
    }

    func acknowledge(_ tags: [DeliveryTag]) async throws(BrokerError) {
        let numbers = Set(tags.lazy.filter { $0.generation == self.claim.consumer }.map(\.number))
        let ours = numbers.intersection(unacknowledged)
        guard !ours.isEmpty else {
            if tags.isEmpty { return }
            throw .stale
        }
        let deleted: Int
        do throws(StoreError) {
            let list = Array(ours)
            deleted = try await broker.database.write { [claim] session throws(StoreError) in
                try claim.acknowledge(list, session)
            }
        } catch {
            throw BrokerError(error)
        }
        unacknowledged.subtract(ours)
        bell.ring()
        guard deleted == ours.count, ours.count == Set(tags).count else { throw .stale }
    }

    func setCredit(_ credit: Int) {
        self.credit = max(1, credit)
        bell.ring()
    }

    func stop() async {
        guard state == .fetching else { return }
        state = .stopped
        leave()
        do throws(StoreError) {
            try await broker.database.write { [claim] session throws(StoreError) in try claim.unregister(session) }
        } catch {
            // Only the count of consumers is wrong, until everything is given back.
            broker.logger.warning("signing off failed", metadata: metadata(error))
        }
    }

    func giveBack() async {
        guard state != .ended else { return }
        state = .ended
        unacknowledged = []
        leave()
        await broker.giveBack(claim)
    }

    private func leave() {
        broker.bells.remove(queue: claim.queue, consumer: claim.consumer)
        bell.ring()
    }

    private func metadata(_ error: StoreError) -> Logger.Metadata {
        [LogKey.queue: "\(claim.queue)", LogKey.error: "\(error)"]
    }
}
