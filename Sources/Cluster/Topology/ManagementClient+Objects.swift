import JobCore

extension ManagementClient {
    private struct Exchange: Decodable {
        let name: String
        let type: String
    }

    private struct Named: Decodable {
        let name: String
    }

    private struct Bound: Decodable {
        let source: String
        let destination: String
        let destinationType: String
        let routingKey: String

        enum CodingKeys: String, CodingKey {
            case source, destination
            case destinationType = "destination_type"
            case routingKey = "routing_key"
        }
    }

    private struct NamedPolicy: Decodable {
        let name: String
        let policy: BrokerObjects.Policy

        enum CodingKeys: String, CodingKey {
            case name
        }

        init(from decoder: any Decoder) throws {
            name = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .name)
            policy = try BrokerObjects.Policy(from: decoder)
        }
    }

    /// Which queues an exchange of ours leads to, with which keys.
    func bindings(of exchange: String) async throws(BrokerError) -> [BrokerObjects.Binding] {
        try await get([Bound].self, "/api/bindings/\(virtualHost)")
            .filter { $0.source == exchange && $0.destinationType == "queue" }
            .map { BrokerObjects.Binding(exchange: $0.source, queue: $0.destination, routingKey: $0.routingKey) }
    }

    func setPolicy(_ name: String, _ policy: BrokerObjects.Policy) async throws(BrokerError) {
        try await put("/api/policies/\(virtualHost)/\(ManagementClient.encoded(name))", policy)
    }

    private struct UserPermission: Decodable {
        let user: String
        let permission: BrokerObjects.Permission

        enum CodingKeys: String, CodingKey {
            case user
        }

        init(from decoder: any Decoder) throws {
            user = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .user)
            permission = try BrokerObjects.Permission(from: decoder)
        }
    }

    /// The user must be there: it has a password, which is nobody's business here.
    func setPermission(_ user: String, _ permission: BrokerObjects.Permission) async throws(BrokerError) {
        do {
            try await put("/api/permissions/\(virtualHost)/\(ManagementClient.encoded(user))", permission)
        } catch {
            guard case .refused(let text) = error, text.contains(" 400 ") else { throw error }
            throw .refused("RabbitMQ has no user \"\(user)\": rabbitmqctl add_user '\(user)', then apply again")
        }
    }

    func deletePolicy(_ name: String) async throws(BrokerError) {
        try await delete("/api/policies/\(virtualHost)/\(ManagementClient.encoded(name))")
    }

    /// What the broker has of ours: objects that are wanted, queues bound to our exchanges, and our policies.
    func objects(ownedBy prefix: String, wanted: BrokerObjects) async throws(BrokerError) -> BrokerObjects {
        var existing = BrokerObjects()
        for exchange in try await get([Exchange].self, "/api/exchanges/\(virtualHost)") {
            if wanted.exchanges[exchange.name] != nil { existing.exchanges[exchange.name] = exchange.type }
        }
        for bound in try await get([Bound].self, "/api/bindings/\(virtualHost)") {
            guard bound.destinationType == "queue", wanted.exchanges[bound.source] != nil else { continue }
            existing.bindings.insert(
                BrokerObjects.Binding(exchange: bound.source, queue: bound.destination, routingKey: bound.routingKey)
            )
        }
        for policy in try await get([NamedPolicy].self, "/api/policies/\(virtualHost)") {
            if policy.name.hasPrefix("\(prefix)jobs-") { existing.policies[policy.name] = policy.policy }
        }
        if !wanted.permissions.isEmpty {
            for entry in try await get([UserPermission].self, "/api/vhosts/\(virtualHost)/permissions") {
                existing.permissions[entry.user] = entry.permission
            }
        }
        let declaredOnce = Set(
            existing.policies.keys.map { prefix + $0.dropFirst("\(prefix)jobs-".count) }
        ).union(existing.bindings.map(\.queue))
        for queue in try await get([Named].self, "/api/queues/\(virtualHost)?columns=name") {
            if wanted.queues.contains(queue.name) || declaredOnce.contains(queue.name) {
                existing.queues.insert(queue.name)
            }
        }
        return existing
    }
}
