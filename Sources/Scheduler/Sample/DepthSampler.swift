package import JobCore
package import Logging
import ServiceLifecycle

/// Writes down every five seconds how deep the queues are and when they were last empty: lag is measured from there
/// when nothing is delivered.
package struct DepthSampler: Service {
    package static let period: Duration = .seconds(5)

    private let addresses: [QueueAddress]
    private let broker: any Broker
    private let store: Store
    private let logger: Logger

    package init(addresses: [QueueAddress], broker: any Broker, store: Store, logger: Logger) {
        self.addresses = addresses
        self.broker = broker
        self.store = store
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await sample()
                try? await Task.sleep(for: DepthSampler.period)
            }
        }
    }

    package func sample() async {
        do {
            let depths = try await broker.depths(addresses.map(\.name))
            try await store.saveDepths(
                addresses.compactMap { address in depths[address.name].map { (address, $0.ready) } }
            )
        } catch let error as BrokerError {
            logger.debug("depths not sampled", metadata: [LogKey.error: "\(error.label)"])
        } catch let error as StoreError {
            logger.debug("depths not saved", metadata: [LogKey.error: "\(error.label)"])
        } catch {
            logger.debug("depths not sampled", metadata: [LogKey.error: "\(error)"])
        }
    }
}
