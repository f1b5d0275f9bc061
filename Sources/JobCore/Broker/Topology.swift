/// What the broker must look like for a manifest: derived, never edited by hand.
package struct Topology: Sendable, Equatable {
    package struct Queue: Sendable, Equatable {
        package let name: String
        package let lanes: [Lane]
        /// Ready messages a lane accepts before it refuses publishes; nil for no limit.
        package let maximumLength: Int?

        package init(name: String, lanes: [Lane], maximumLength: Int?) {
            self.name = name
            self.lanes = lanes
            self.maximumLength = maximumLength
        }

        package var addresses: [QueueAddress] { lanes.map { QueueAddress(name, $0) } }
    }

    /// Which broker queue a routing key leads to.
    package struct Route: Sendable, Hashable, Comparable {
        package let routingKey: String
        package let job: JobName
        package let address: QueueAddress

        package init(routingKey: String, job: JobName, address: QueueAddress) {
            self.routingKey = routingKey
            self.job = job
            self.address = address
        }

        package static func < (left: Route, right: Route) -> Bool { left.routingKey < right.routingKey }
    }

    package var queues: [Queue]
    package var routes: [Route]
    /// Who may do what; empty where nobody declares it.
    package var roles: RoleDeclaration

    package init(queues: [Queue], routes: [Route], roles: RoleDeclaration = [:]) {
        self.queues = queues
        self.routes = routes
        self.roles = roles
    }

    package static let unroutableQueue = "jobs.unroutable"
    package static let exchange = "jobs"
    package static let strictExchange = "jobs.strict"
    package static let unroutableExchange = "jobs.unroutable"

    /// Queues of letters that the broker or a stranger dead-lettered, for the collector.
    package var deadLetterQueues: [String] {
        queues.map { QueueAddress($0.name).deadLetterQueue } + [Topology.unroutableQueue]
    }
}

/// One step of a plan, for people (`summary`), for `--json`, and for the broker that made it (`step`).
package struct TopologyChange: Sendable, Equatable {
    package enum Action: String, Sendable { case create, update, delete }

    package let action: Action
    /// `exchange`, `queue`, `binding`, `policy`, `route`, `permission`, `role`, `member`.
    package let kind: String
    package let name: String
    /// What a person reads behind the name: `quorum`, `jobs.strict → system`, …
    package let detail: String
    /// True when a person must do this with the printed command, because the broker's management API is not configured.
    package let command: String?
    /// What is said to the database, for a person to read.
    package let sql: [String]

    package init(
        _ action: Action,
        kind: String,
        name: String,
        detail: String,
        command: String? = nil,
        sql: [String] = []
    ) {
        self.action = action
        self.kind = kind
        self.name = name
        self.detail = detail
        self.command = command
        self.sql = sql
    }
}
