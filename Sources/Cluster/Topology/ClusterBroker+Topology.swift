package import JobCore
import RabbitMQ

extension ClusterBroker {
    /// With the management API everything is compared. Without it only exchanges and queues can be seen: bindings and
    /// policies are part of the plan when something of those is missing.
    package func plan(_ topology: Topology) async throws(BrokerError) -> [TopologyChange] {
        let wanted = BrokerObjects(topology, prefix: prefix)
        if let management {
            return wanted.changes(from: try await management.objects(ownedBy: prefix, wanted: wanted))
        }
        var existing = try await visible(wanted)
        if existing.queues == wanted.queues, existing.exchanges == wanted.exchanges {
            existing.bindings = wanted.bindings
            existing.policies = wanted.policies
            existing.permissions = wanted.permissions
        }
        return wanted.changes(from: existing, byHand: virtualHost)
    }

    package func apply(_ changes: [TopologyChange], of topology: Topology) async throws(BrokerError) {
        let wanted = BrokerObjects(topology, prefix: prefix)
        for change in changes {
            do {
                switch (change.kind, change.action) {
                case ("exchange", _): try await declareExchange(change.name, of: wanted)
                case ("queue", .delete): try await deleteIdleQueue(change.name)
                case ("queue", _):
                    try await control.declareQueue(change.name, arguments: ["x-queue-type": "quorum"])
                case ("binding", .delete): try await eachBinding(change) { try await self.unbind($0) }
                case ("binding", _): try await eachBinding(change) { try await self.bind($0) }
                case ("policy", .delete): try await management?.deletePolicy(change.name)
                case ("policy", _): try await setPolicy(change.name, of: wanted)
                case ("permission", _):
                    guard let permission = wanted.permissions[change.name] else { continue }
                    try await management?.setPermission(change.name, permission)
                default: break
                }
            } catch let error as AMQPError {
                throw BrokerError(error)
            } catch let error as BrokerError {
                throw error
            } catch {
                throw .refused("\(error)")
            }
        }
    }

    private func visible(_ wanted: BrokerObjects) async throws(BrokerError) -> BrokerObjects {
        var existing = BrokerObjects()
        do throws(AMQPError) {
            for (name, type) in wanted.exchanges {
                do throws(AMQPError) {
                    try await control.declareExchange(name, type: type, passive: true)
                    existing.exchanges[name] = type
                } catch .channelClosed(code: 404, _) {
                    continue
                }
            }
            for queue in wanted.queues where try await control.passiveDeclare(queue) != nil {
                existing.queues.insert(queue)
            }
        } catch {
            throw BrokerError(error)
        }
        return existing
    }

    private func declareExchange(_ name: String, of wanted: BrokerObjects) async throws {
        let alternate: AMQPTable =
            name == prefix + Topology.exchange
            ? ["alternate-exchange": .text(prefix + Topology.unroutableExchange)] : [:]
        try await control.declareExchange(name, type: wanted.exchanges[name] ?? "topic", arguments: alternate)
    }

    /// Quorum queues refuse if-unused and if-empty, so it is asked first. Its bindings went before it: nothing that is
    /// routed can come in between. A queue with messages or consumers is kept, and shows up in the next plan.
    private func deleteIdleQueue(_ name: String) async throws {
        guard let depth = try await control.passiveDeclare(name), depth.messages == 0, depth.consumers == 0 else {
            return
        }
        try await control.deleteQueue(name)
    }

    private func setPolicy(_ name: String, of wanted: BrokerObjects) async throws {
        guard let policy = wanted.policies[name] else { return }
        try await management?.setPolicy(name, policy)
    }

    private func eachBinding(
        _ change: TopologyChange,
        _ body: (BrokerObjects.Binding) async throws -> Void
    ) async throws {
        guard let binding = BrokerObjects.Binding(change) else { return }
        try await body(binding)
    }

    private func bind(_ binding: BrokerObjects.Binding) async throws {
        try await control.bindQueue(binding.queue, exchange: binding.exchange, routingKey: binding.routingKey)
    }

    private func unbind(_ binding: BrokerObjects.Binding) async throws {
        try await control.unbindQueue(binding.queue, exchange: binding.exchange, routingKey: binding.routingKey)
    }
}
