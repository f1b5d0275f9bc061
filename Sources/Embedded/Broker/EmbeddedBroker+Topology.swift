package import JobCore

extension EmbeddedBroker {
    /// Queues first, so that no route ever leads nowhere; deletions last. A queue that still has messages is kept, and
    /// shows up for deletion once it is empty.
    package func plan(_ topology: Topology) async throws(BrokerError) -> [TopologyChange] {
        do throws(StoreError) {
            return try await database.read { session throws(StoreError) in
                let current = try DeclaredTopology(session)
                return current.changes(to: DeclaredTopology(topology))
            }
        } catch {
            throw BrokerError(error)
        }
    }

    package func apply(_ changes: [TopologyChange], of topology: Topology) async throws(BrokerError) {
        do throws(StoreError) {
            try await database.write { session throws(StoreError) in
                let wanted = DeclaredTopology(topology)
                for change in changes { try wanted.apply(change, session) }
            }
        } catch {
            throw BrokerError(error)
        }
    }
}

/// The two tables that make up the topology here, as values that can be compared.
private struct DeclaredTopology: Equatable {
    struct Queue: Equatable {
        var maximumLength: Int64?
        var deadLetter: String?
        var isEmpty = true

        var detail: String { maximumLength.map { "at most \($0) messages" } ?? "no length limit" }
    }

    struct Route: Equatable {
        var job: String
        var queue: String
        var lane: String

        var detail: String { "\(job) → \(QueueAddress(queue, Lane(rawValue: lane) ?? .normal).name)" }
    }

    var queues: [String: Queue] = [:]
    var routes: [String: Route] = [:]

    init(_ topology: Topology) {
        for queue in topology.queues {
            let dead = QueueAddress(queue.name).deadLetterQueue
            for address in queue.addresses {
                queues[address.name] = Queue(maximumLength: queue.maximumLength.map(Int64.init), deadLetter: dead)
            }
        }
        for name in topology.deadLetterQueues { queues[name] = Queue() }
        for route in topology.routes {
            routes[route.routingKey] = Route(
                job: route.job.rawValue,
                queue: route.address.queue,
                lane: route.address.lane.rawValue
            )
        }
    }

    init(_ session: any SQLSession) throws(StoreError) {
        let queueRows = try session.query(
            """
            select name, maximum_length, dead_letter,
                not exists (select 1 from ready_messages where queue = broker_queues.name) as is_empty
            from broker_queues
            """
        )
        for row in queueRows {
            queues[try row.text("name")] = Queue(
                maximumLength: try row.optionalInt("maximum_length"),
                deadLetter: try row.optionalText("dead_letter"),
                isEmpty: try row.int("is_empty") != 0
            )
        }
        for row in try session.query("select routing_key, job, queue, lane from routes") {
            routes[try row.text("routing_key")] = Route(
                job: try row.text("job"),
                queue: try row.text("queue"),
                lane: try row.text("lane")
            )
        }
    }

    func changes(to wanted: DeclaredTopology) -> [TopologyChange] {
        var changes: [TopologyChange] = []
        for (name, queue) in wanted.queues.sorted(by: { $0.key < $1.key }) {
            guard let current = queues[name] else {
                changes.append(TopologyChange(.create, kind: "queue", name: name, detail: queue.detail))
                continue
            }
            if current.maximumLength != queue.maximumLength || current.deadLetter != queue.deadLetter {
                changes.append(TopologyChange(.update, kind: "queue", name: name, detail: queue.detail))
            }
        }
        for (key, route) in wanted.routes.sorted(by: { $0.key < $1.key }) where routes[key] != route {
            let action: TopologyChange.Action = routes[key] == nil ? .create : .update
            changes.append(TopologyChange(action, kind: "route", name: key, detail: route.detail))
        }
        for (key, route) in routes.sorted(by: { $0.key < $1.key }) where wanted.routes[key] == nil {
            changes.append(TopologyChange(.delete, kind: "route", name: key, detail: route.detail))
        }
        for (name, queue) in queues.sorted(by: { $0.key < $1.key }) where wanted.queues[name] == nil && queue.isEmpty {
            changes.append(TopologyChange(.delete, kind: "queue", name: name, detail: "empty"))
        }
        return changes
    }

    /// Takes what is wanted from here, and from the change only what it is about.
    func apply(_ change: TopologyChange, _ session: any SQLSession) throws(StoreError) {
        switch (change.kind, change.action) {
        case ("queue", .delete): try deleteQueue(change.name, session)
        case ("queue", _): try declareQueue(change.name, session)
        case ("route", .delete): try deleteRoute(change.name, session)
        case ("route", _): try declareRoute(change.name, session)
        default: throw .refused("a change of kind \(change.kind) was not planned here")
        }
    }

    private func declareQueue(_ name: String, _ session: any SQLSession) throws(StoreError) {
        guard let queue = queues[name] else { return }
        try session.execute(
            """
            insert into broker_queues (name, maximum_length, dead_letter, ready)
            values (:name, :maximum_length, :dead_letter,
                (select count(*) from ready_messages where queue = :name and claimed_by is null))
            on conflict (name) do update set
                maximum_length = excluded.maximum_length, dead_letter = excluded.dead_letter
            """,
            [
                "name": .text(name),
                "maximum_length": queue.maximumLength.map { .int($0) } ?? .null,
                "dead_letter": .text(queue.deadLetter),
            ]
        )
    }

    /// Messages that came since the plan keep the queue.
    private func deleteQueue(_ name: String, _ session: any SQLSession) throws(StoreError) {
        guard queues[name] == nil else { return }
        try session.execute(
            """
            delete from broker_queues where name = :name
            and not exists (select 1 from ready_messages where queue = :name)
            """,
            ["name": .text(name)]
        )
    }

    private func declareRoute(_ key: String, _ session: any SQLSession) throws(StoreError) {
        guard let route = routes[key] else { return }
        try session.execute(
            """
            insert into routes (routing_key, job, queue, lane) values (:routing_key, :job, :queue, :lane)
            on conflict (routing_key) do update set
                job = excluded.job, queue = excluded.queue, lane = excluded.lane
            """,
            [
                "routing_key": .text(key), "job": .text(route.job), "queue": .text(route.queue),
                "lane": .text(route.lane),
            ]
        )
    }

    private func deleteRoute(_ key: String, _ session: any SQLSession) throws(StoreError) {
        guard routes[key] == nil else { return }
        try session.execute("delete from routes where routing_key = :routing_key", ["routing_key": .text(key)])
    }
}
