import Foundation
import JobCore

extension BrokerObjects {
    /// What turns `existing` into this, in the order to apply: exchanges, dead-letter queues, policies, queues, then
    /// bindings; deletions last, and an unbind before the bind that moves a key, so that nothing is doubled. In between
    /// a strict publish is refused and an open one lands in `jobs.unroutable`: neither is lost.
    ///
    /// - Parameter byHand: the virtual host, where there is no management API: policies and permissions are printed as commands.
    func changes(from existing: BrokerObjects, byHand virtualHost: String? = nil) -> [TopologyChange] {
        exchangeChanges(existing) + queueChanges(existing, where: isHolding)
            + policyChanges(existing, byHand: virtualHost != nil)
            + queueChanges(existing, where: { !isHolding($0) }) + bindingChanges(existing)
            + permissionChanges(existing, byHand: virtualHost)
            + existing.policies.keys.filter { policies[$0] == nil }.sorted().map {
                TopologyChange(.delete, kind: "policy", name: $0, detail: "no longer declared")
            }
            + existing.queues.subtracting(queues).sorted().map {
                TopologyChange(
                    .delete,
                    kind: "queue",
                    name: $0,
                    detail: "no longer declared; only when empty and unused"
                )
            }
    }

    private func isHolding(_ queue: String) -> Bool {
        queue.hasSuffix(".dead") || queue.hasSuffix(Topology.unroutableQueue)
    }

    private func exchangeChanges(_ existing: BrokerObjects) -> [TopologyChange] {
        let order = exchanges.keys.sorted { left, right in
            (exchanges[left] == "fanout" ? 0 : 1, left) < (exchanges[right] == "fanout" ? 0 : 1, right)
        }
        return order.filter { existing.exchanges[$0] == nil }.map {
            TopologyChange(.create, kind: "exchange", name: $0, detail: "\(exchanges[$0] ?? "topic"), durable")
        }
    }

    private func queueChanges(_ existing: BrokerObjects, where include: (String) -> Bool) -> [TopologyChange] {
        queues.subtracting(existing.queues).filter(include).sorted().map {
            TopologyChange(.create, kind: "queue", name: $0, detail: "quorum")
        }
    }

    private func policyChanges(_ existing: BrokerObjects, byHand: Bool) -> [TopologyChange] {
        policies.keys.sorted().compactMap { name in
            guard let wanted = policies[name], existing.policies[name] != wanted else { return nil }
            return TopologyChange(
                existing.policies[name] == nil ? .create : .update,
                kind: "policy",
                name: name,
                detail: wanted.summary,
                command: byHand ? wanted.command(name) : nil
            )
        }
    }

    private func permissionChanges(_ existing: BrokerObjects, byHand virtualHost: String?) -> [TopologyChange] {
        permissions.keys.sorted().compactMap { user in
            guard let wanted = permissions[user], existing.permissions[user] != wanted else { return nil }
            let command = virtualHost.map { host in
                "rabbitmqctl set_permissions -p '\(host)' '\(user)' '\(wanted.configure)' '\(wanted.write)' '\(wanted.read)'"
            }
            return TopologyChange(
                existing.permissions[user] == nil ? .create : .update,
                kind: "permission",
                name: user,
                detail: "configure \(wanted.configure), write \(wanted.write), read \(wanted.read)",
                command: command
            )
        }
    }

    private func bindingChanges(_ existing: BrokerObjects) -> [TopologyChange] {
        let ours = existing.bindings.filter { exchanges[$0.exchange] != nil }
        return ours.subtracting(bindings).sorted().map {
            TopologyChange(.delete, kind: "binding", name: $0.queue, detail: $0.detail)
        }
            + bindings.subtracting(existing.bindings).sorted().map {
                TopologyChange(.create, kind: "binding", name: $0.queue, detail: $0.detail)
            }
    }
}

extension BrokerObjects.Binding {
    /// `jobs.strict -[system.probe]->`, for people and for the way back from a plan's line.
    var detail: String { "\(exchange) -[\(routingKey)]->" }

    init?(_ change: TopologyChange) {
        guard let arrow = change.detail.firstRange(of: " -["), change.detail.hasSuffix("]->") else { return nil }
        exchange = String(change.detail[..<arrow.lowerBound])
        queue = change.name
        routingKey = String(change.detail[arrow.upperBound...].dropLast("]->".count))
    }
}

extension BrokerObjects.Policy {
    var summary: String {
        let limit = definition.maximumLength.map { "at most \($0) ready, " } ?? ""
        let target = definition.deadLetterRoutingKey.map { "dead letters at least once to \($0)" } ?? "return to front"
        return limit + target
    }

    /// For a broker whose management API is not configured.
    func command(_ name: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = (try? encoder.encode(definition)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return "rabbitmqctl set_policy --priority \(priority) --apply-to \(applyTo) '\(name)' '\(pattern)' '\(json)'"
    }
}
