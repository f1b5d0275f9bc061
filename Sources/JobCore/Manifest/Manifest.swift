/// Everything that `jobs/*.yaml` declares: the queues, and the job types with their policies.
package struct Manifest: Sendable, Equatable {
    package var queues: [String: QueueDeclaration]
    package var jobs: [JobName: JobDeclaration]

    package init(queues: [String: QueueDeclaration] = [:], jobs: [JobName: JobDeclaration] = [:]) {
        self.queues = queues
        self.jobs = jobs
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
        return Topology(queues: queues, routes: jobs.keys.flatMap(routes(of:)).sorted())
    }

    /// The routing keys of the types that are to have their effects once.
    var deduplicatingKeys: Set<String> {
        Set(jobs.values.filter { $0.deduplicate != nil }.flatMap { routes(of: $0.name) }.map(\.routingKey))
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
