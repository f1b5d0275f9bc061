import JobCore

/// Everything of a topology as RabbitMQ names it, prefix included. Made from the manifest's topology on one side and
/// from what the broker has on the other; the plan is their difference.
struct BrokerObjects: Sendable, Equatable {
    struct Binding: Sendable, Hashable, Comparable {
        let exchange: String
        let queue: String
        let routingKey: String

        static func < (left: Binding, right: Binding) -> Bool {
            (left.queue, left.exchange, left.routingKey) < (right.queue, right.exchange, right.routingKey)
        }
    }

    struct Policy: Sendable, Equatable, Codable {
        var pattern: String
        var priority: Int
        var applyTo: String
        var definition: Definition

        struct Definition: Sendable, Equatable, Codable {
            var deliveryLimit: Int?
            var deadLetterExchange: String?
            var deadLetterRoutingKey: String?
            var deadLetterStrategy: String?
            var overflow: String?
            var maximumLength: Int?

            enum CodingKeys: String, CodingKey {
                case deliveryLimit = "delivery-limit"
                case deadLetterExchange = "dead-letter-exchange"
                case deadLetterRoutingKey = "dead-letter-routing-key"
                case deadLetterStrategy = "dead-letter-strategy"
                case overflow
                case maximumLength = "max-length"
            }
        }

        enum CodingKeys: String, CodingKey {
            case pattern, priority, definition
            case applyTo = "apply-to"
        }
    }

    /// What a user may do, as regular expressions over names: RabbitMQ's three.
    struct Permission: Sendable, Equatable, Codable {
        var configure = "^$"
        var write = "^$"
        var read = "^$"
    }

    /// Exchange name → type.
    var exchanges: [String: String] = [:]
    var queues: Set<String> = []
    var bindings: Set<Binding> = []
    var policies: [String: Policy] = [:]
    /// By user. Of users that nobody declares nothing is known here, and nothing is changed.
    var permissions: [String: Permission] = [:]
}

extension BrokerObjects {
    /// Only buys return-to-front: attempts are counted in our own header.
    static let deliveryLimit = 1_000_000

    init(_ topology: Topology, prefix: String) {
        let strict = prefix + Topology.strictExchange
        let open = prefix + Topology.exchange
        let unroutable = prefix + Topology.unroutableExchange
        let unroutableQueue = prefix + Topology.unroutableQueue
        exchanges = [unroutable: "fanout", open: "topic", strict: "topic"]
        queues = [unroutableQueue]
        bindings = [Binding(exchange: unroutable, queue: unroutableQueue, routingKey: "")]
        policies["\(prefix)jobs-jobs.unroutable"] = Policy(holding: unroutableQueue)
        for queue in topology.queues {
            let dead = prefix + QueueAddress(queue.name).deadLetterQueue
            queues.insert(dead)
            queues.formUnion(queue.addresses.map { prefix + $0.name })
            policies["\(prefix)jobs-\(queue.name)"] = Policy(
                lanesOf: prefix + queue.name,
                deadLetterQueue: dead,
                maximumLength: queue.maximumLength
            )
            policies["\(prefix)jobs-\(queue.name).dead"] = Policy(holding: dead)
        }
        for (role, logins) in topology.roles {
            for login in logins { permissions[login] = permission(role, topology, prefix: prefix) }
        }
        for route in topology.routes {
            for exchange in [strict, open] {
                let queue = prefix + route.address.name
                bindings.insert(Binding(exchange: exchange, queue: queue, routingKey: route.routingKey))
            }
        }
    }
}

extension BrokerObjects {
    /// Looking asks for no right: a passive declare tells depth and consumers. An operator publishes and takes jobs out of
    /// queues; an admin makes and deletes whatever begins as ours do.
    private func permission(_ role: OperatorRole, _ topology: Topology, prefix: String) -> Permission {
        func any(_ names: [String]) -> String { "^(" + names.map(Self.escaped).sorted().joined(separator: "|") + ")$" }
        switch role {
        case .viewer: return Permission()
        case .oper:
            return Permission(write: any(exchanges.keys.map { $0 }), read: any(queues.map { $0 }))
        case .admin:
            let all = prefix.isEmpty ? ".*" : "^\(Self.escaped(prefix)).*"
            return Permission(configure: all, write: all, read: all)
        }
    }
}

extension BrokerObjects.Policy {
    /// For a queue's lanes: full means refused, dead means at least once into the queue beside it.
    fileprivate init(lanesOf queue: String, deadLetterQueue: String, maximumLength: Int?) {
        self.init(
            pattern: "^\(BrokerObjects.escaped(queue))(\\.high|\\.bulk)?$",
            priority: 100,
            applyTo: "queues",
            definition: Definition(
                deliveryLimit: BrokerObjects.deliveryLimit,
                deadLetterExchange: "",
                deadLetterRoutingKey: deadLetterQueue,
                deadLetterStrategy: "at-least-once",
                overflow: "reject-publish",
                maximumLength: maximumLength
            )
        )
    }

    /// For a queue that only the collector reads: no length limit, or letters would be lost.
    fileprivate init(holding queue: String) {
        self.init(
            pattern: "^\(BrokerObjects.escaped(queue))$",
            priority: 100,
            applyTo: "queues",
            definition: Definition(deliveryLimit: BrokerObjects.deliveryLimit)
        )
    }
}

extension BrokerObjects {
    fileprivate static func escaped(_ name: String) -> String {
        name.replacing(".", with: "\\.")
    }
}
