/// Everything that `jobs/*.yaml` declares: the queues, the job types with their policies, the schedules, the alerts, and
/// the brakes.
package struct Manifest: Sendable, Equatable {
    package var queues: [String: QueueDeclaration]
    package var jobs: [JobName: JobDeclaration]
    package var schedules: [String: ScheduleDeclaration]
    package var alerts: AlertDeclaration
    /// Those of the `dependencies` section; a queue may depend on others, which then have default breakers.
    package var dependencies: [String: DependencyDeclaration]
    package var limits: [String: LimitDeclaration]
    package var roles: RoleDeclaration
    package var retention: RetentionDeclaration

    package init(
        queues: [String: QueueDeclaration] = [:],
        jobs: [JobName: JobDeclaration] = [:],
        schedules: [String: ScheduleDeclaration] = [:],
        alerts: AlertDeclaration = AlertDeclaration(),
        dependencies: [String: DependencyDeclaration] = [:],
        limits: [String: LimitDeclaration] = [:],
        roles: RoleDeclaration = [:],
        retention: RetentionDeclaration = RetentionDeclaration()
    ) {
        self.queues = queues
        self.jobs = jobs
        self.schedules = schedules
        self.alerts = alerts
        self.dependencies = dependencies
        self.limits = limits
        self.roles = roles
        self.retention = retention
    }

    /// The lane of a queue that takes a job: the lane asked for, else the type's own. Nil for a type that is not
    /// declared and for a lane that its queue does not use.
    package func route(_ job: JobName, lane: Lane? = nil) -> QueueAddress? {
        guard let declaration = jobs[job], let queue = queues[declaration.queue] else { return nil }
        let lane = lane ?? declaration.lane
        return queue.lanes.contains(lane) ? QueueAddress(queue.name, lane) : nil
    }

    /// What the broker must look like: queues by name, routes by routing key.
    package var topology: Topology {
        let queues = self.queues.values.sorted { $0.name < $1.name }.map {
            Topology.Queue(name: $0.name, lanes: $0.lanes, maximumLength: $0.maximumLength)
        }
        return Topology(queues: queues, routes: jobs.keys.flatMap(routes(of:)).sorted(), roles: roles)
    }

    /// The routing keys of the types that are to have their effects once.
    var deduplicatingKeys: Set<String> {
        Set(jobs.values.filter { $0.deduplicate != nil }.flatMap { routes(of: $0.name) }.map(\.routingKey))
    }

    /// What a queue's workers call, with its breaker.
    package func dependencies(of queue: String) -> [DependencyDeclaration] {
        (queues[queue]?.dependencies ?? []).map { dependencies[$0] ?? DependencyDeclaration(name: $0) }
    }

    package var hasDependencies: Bool { queues.values.contains { !$0.dependencies.isEmpty } }

    /// The queues that a dependency's breaker parks.
    package func queues(dependingOn dependency: String) -> [String] {
        queues.values.filter { $0.dependencies.contains(dependency) }.map(\.name).sorted()
    }

    /// What bounds the jobs of a type, in the order in which they are asked: budgets before rates before concurrency, and
    /// what one key has for itself before what all share, so that a job that waits for its own turn holds up nobody.
    package func limits(on job: JobName) -> [LimitDeclaration] {
        guard let queue = jobs[job]?.queue else { return [] }
        let depends = queues[queue]?.dependencies ?? []
        return limits.values.filter { limit in
            switch limit.scope {
            case .dependency(let name): depends.contains(name)
            case .queue(let name): name == queue
            case .job(let name): name == job
            }
        }.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }
    }

    private func routes(of job: JobName) -> [Topology.Route] {
        let asked: [Lane?] = [nil] + Lane.allCases
        return asked.compactMap { lane in
            guard let address = route(job, lane: lane) else { return nil }
            let routingKey = lane.map { "\(job.rawValue).\($0.rawValue)" } ?? job.rawValue
            return Topology.Route(routingKey: routingKey, job: job, address: address)
        }
    }
}

extension LimitDeclaration {
    fileprivate var rank: Int {
        let isShared = key == nil ? 1 : 0
        return switch rule {
        case .quota: isShared
        case .rate: 2 + isShared
        case .concurrency: 4 + isShared
        }
    }
}
