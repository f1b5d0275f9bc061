package import JobCore

/// Writes down every five seconds how deep the lanes are: lag is read from that history where the broker cannot tell it.
package struct LaneSampler: Sendable {
    private let addresses: [QueueAddress]
    private let broker: any Broker
    private let store: Store

    package init(addresses: [QueueAddress], broker: any Broker, store: Store) {
        self.addresses = addresses
        self.broker = broker
        self.store = store
    }

    package func sample() async throws {
        let depths = try await broker.depths(addresses.map(\.name))
        try await store.sample(addresses.compactMap { address in depths[address.name].map { (address, $0.ready) } })
    }
}
