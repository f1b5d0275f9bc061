package import JobCore
package import Logging
import ServiceLifecycle

/// Moves what the broker or a stranger dead-letters, and what no queue was bound for, into `dead_letters`. A letter
/// that cannot be stored never blocks the next.
package struct Collector: Service {
    private static let credit = 64

    private let queues: [String]
    private let broker: any Broker
    private let store: Store
    private let worker: String
    private let build: String
    private let mark: LoopMark
    private let logger: Logger

    package init(
        queues: [String],
        broker: any Broker,
        store: Store,
        worker: String,
        build: String,
        mark: LoopMark = .none,
        logger: Logger
    ) {
        self.queues = queues
        self.broker = broker
        self.store = store
        self.worker = worker
        self.build = build
        self.mark = mark
        self.logger = logger
    }

    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for queue in queues { group.addTask { await collect(queue) } }
        }
    }

    private func collect(_ queue: String) async {
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
        let drain = CollectorDrain()
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                while !drain.isDraining {
                    do throws(BrokerError) {
                        let consumption = try await broker.consume(queue, credit: Collector.credit)
                        backoff.reset()
                        mark.turned()
                        if drain.attach(consumption) {
                            await store(consumption, from: queue, unless: drain)
                        }
                        await consumption.giveBack()
                        if !drain.isDraining { try? await Task.sleep(for: backoff.next()) }
                    } catch {
                        mark.failed(error.label)
                        logger.warning(
                            "cannot collect dead letters, will try again",
                            metadata: [
                                LogKey.queue: "\(queue)", LogKey.error: "\(error.label)",
                            ]
                        )
                        try? await Task.sleep(for: backoff.next())
                    }
                }
            } onCancel: {
                drain.begin()
            }
        } onGracefulShutdown: {
            drain.begin()
        }
    }

    /// Returns when the consumption ends, or when the store is lost: the letters are given back and fetched again.
    private func store(_ consumption: any Consumption, from queue: String, unless drain: CollectorDrain) async {
        while let batch = await consumption.next() {
            let letters = batch.map { letter($0, from: queue) }
            do {
                try await store.keep(letters, logger: logger)
                try await consumption.acknowledge(batch.map(\.tag))
            } catch let error as StoreError {
                mark.failed(error.label)
                return logger.warning("collecting waits for the store", metadata: [LogKey.error: "\(error.label)"])
            } catch {
                logger.info("letters will be delivered again", metadata: [LogKey.queue: "\(queue)"])
            }
        }
    }

    private func letter(_ delivery: Delivery, from queue: String) -> DeadLetter {
        let message = delivery.message
        let death = BrokerDeath(message.headers)
        let failure: Failure
        if queue == Topology.unroutableQueue {
            failure = Failure("unroutable", "no queue is bound to the routing key \(message.routingKey)")
        } else {
            let reason = death.reason ?? "rejected"
            failure = Failure("broker_\(reason)", "dead-lettered by the broker (\(reason))")
        }
        let origin = death.queue ?? (queue.hasSuffix(".dead") ? String(queue.dropLast(".dead".count)) : queue)
        return DeadLetter(
            strange: delivery,
            id: message.messageID.flatMap { JobID($0) } ?? JobID(),
            at: QueueAddress(brokerQueue: origin),
            failure: failure,
            build: build,
            worker: worker
        )
    }
}
