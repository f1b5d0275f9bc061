import Foundation

extension Store {
    /// Without a heartbeat for this long, a process counts as gone.
    package static let goneAfter: Duration = .seconds(15)

    /// - Parameter delivered: ready-at of the newest delivery of each lane since the last beat.
    /// - Returns: true when somebody wants the process to drain.
    @discardableResult
    package func beat(_ beat: WorkerBeat, delivered: [QueueAddress: Timestamp]) async throws(StoreError) -> Bool {
        let queues = JSONText.of(beat.queues)
        let running = JSONText.of(RunningColumn(jobs: beat.running, counts: beat.runningCounts))
        return try await driver.write { session throws(StoreError) in
            let rows = try session.query(
                """
                insert into workers (id, host, pid, build, state, queues, running, held, started_at, heartbeat_at)
                values (:id, :host, :pid, :build, :state, :queues, :running, :held, (select now_ms()), (select now_ms()))
                on conflict (id) do update set state = excluded.state, queues = excluded.queues,
                    running = excluded.running, held = excluded.held, heartbeat_at = excluded.heartbeat_at,
                    lost_at = null
                returning case when drain_at is null then 0 else 1 end as drains
                """,
                [
                    "id": .text(beat.id), "host": .text(beat.host), "pid": .int(beat.pid), "build": .text(beat.build),
                    "state": .text(beat.state.rawValue), "queues": .text(queues), "running": .text(running),
                    "held": .text(beat.held.text),
                ]
            )
            try session.executeBatch(
                """
                insert into queue_heads (queue, lane, delivered_ready_at, delivered_at)
                values (:queue, :lane, :delivered, (select now_ms()))
                on conflict (queue, lane) do update set
                    delivered_ready_at = case when excluded.delivered_ready_at is null
                        or excluded.delivered_ready_at < queue_heads.delivered_ready_at
                        then queue_heads.delivered_ready_at else excluded.delivered_ready_at end,
                    delivered_at = excluded.delivered_at
                """,
                delivered.sorted { $0.key < $1.key }.map { address, readyAt in
                    [
                        "queue": .text(address.queue), "lane": .text(address.lane.rawValue),
                        "delivered": .instant(readyAt),
                    ]
                }
            )
            return try rows.first?.int("drains") == 1
        }
    }

    /// Asks living processes to drain: they see it at their next beat, within a second.
    /// - Returns: ids of those that were asked.
    package func drainWorkers(
        id: String?,
        build: String?,
        _ operation: Operation
    ) async throws(StoreError) -> [String] {
        try await driver.write { session throws(StoreError) in
            let rows = try session.query(
                """
                update workers set drain_at = (select now_ms())
                where state <> 'gone' and heartbeat_at > (select now_ms()) - :age
                    and (:id = '' or id = :id) and (:build = '' or build = :build)
                returning id
                """,
                [
                    "age": .int(Store.goneAfter.milliseconds), "id": .text(id ?? ""), "build": .text(build ?? ""),
                ]
            )
            guard !rows.isEmpty else { return [] }
            try session.write(operation)
            return try rows.map { row throws(StoreError) in try row.text("id") }
        }
    }

    /// Processes seen within a day, the living first.
    package func workers() async throws(StoreError) -> [WorkerRecord] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select id, host, pid, build, state, queues, running, held, (select now_ms()) - heartbeat_at as age from workers
                where heartbeat_at > (select now_ms()) - 86400000 order by started_at desc, id
                """
            )
            var records: [WorkerRecord] = []
            for row in rows { records.append(try WorkerRecord(row: row)) }
            return records.filter { $0.state != .gone } + records.filter { $0.state == .gone }
        }
    }
}

extension WorkerRecord {
    fileprivate init(row: SQLRow) throws(StoreError) {
        let age = Duration.milliseconds(try row.int("age"))
        id = try row.text("id")
        host = try row.text("host")
        pid = Int(try row.int("pid"))
        build = try row.text("build")
        queues = JSONText.read([String].self, try row.text("queues")) ?? []
        let column = JSONText.read(RunningColumn.self, try row.text("running"))
        running = column?.jobs ?? []
        runningCounts = column?.counts ?? [:]
        held = HeldDeliveries.read(try row.text("held"))
        heartbeatAge = age
        let said = WorkerState(rawValue: try row.text("state")) ?? .gone
        state = age > Store.goneAfter ? .gone : said
        isLost = state == .gone && said != .gone
    }
}

/// What the column `running` holds.
private struct RunningColumn: Codable {
    let jobs: [WorkerBeat.Running]
    let counts: [String: Int]
}

/// Small JSON documents inside text columns.
enum JSONText {
    static func of(_ value: some Encodable) -> String {
        (try? JSONEncoder().encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    static func read<T: Decodable>(_ type: T.Type, _ text: String) -> T? {
        try? JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
