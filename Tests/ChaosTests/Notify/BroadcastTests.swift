import Admin
import Foundation
import JobCore
import Testing
import Workers

extension Chaos {
    /// Everybody gets a broadcast once, whatever is killed, and nobody else waits for it.
    @Suite(.serialized, .timeLimit(.minutes(90))) struct `A broadcast` {
        private struct Plan {
            var users = 10_000
            var kills = 3
            var rate = 2_000
            /// Transactional pushes beside it, each second.
            static let beside = 20
            static let full = Plan(users: 1_000_000, kills: 10, rate: 5_000)
        }

        @Test(arguments: Ground.profiles)
        func `reaches each of its people once, though its workers are killed, and holds up nobody`(
            _ profile: Profile
        ) async throws {
            let plan = Ground.isFull ? Plan.full : Plan()
            let ground = try await Ground.prepare(profile, "broadcast")
            try await people(plan.users, ground)
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            try await client.enqueue(
                BroadcastNotification(
                    broadcast: "carnival",
                    template: "news",
                    variables: ["title": "Carnaval", "text": "Começa hoje"],
                    category: "service",
                    ratePerSecond: plan.rate
                )
            )
            var workers = try (0..<2).map { try ground.start(["work", "--grace", "2s"], log: "worker-\($0)") }
            let began = ContinuousClock.now
            let beside = Task { try await transactional(client) }
            var killed = 0
            for kill in 0..<plan.kills {
                // What the last kill threw back has run: a job that is met by two kills is a suspect, and those run alone.
                let before = try await state(ground).sent
                try await until("\(before) have it", within: .seconds(1800)) { try await captured(ground) >= before }
                let goal = plan.users * (kill + 1) / (plan.kills + 1)
                try await until("\(goal) are handed over", within: .seconds(1800)) {
                    try await state(ground).sent >= goal
                }
                let victim = kill % workers.count
                workers[victim].signal(SIGKILL)
                await workers[victim].ended()
                killed += 1
                workers[victim] = try ground.start(["work", "--grace", "2s"], log: "worker-\(victim)")
            }
            try await until("all are handed over", within: .seconds(1800)) { try await state(ground).state == "done" }
            try await until("all have it", within: .seconds(1800)) { try await captured(ground) >= plan.users }
            let took = began.duration(to: .now)
            beside.cancel()
            let asked = try await beside.value
            try await until("the others have theirs", within: .seconds(60)) {
                try await latencies(asked, ground).count == asked.count
            }
            let late = try await latencies(asked, ground).sorted()
            let p95 = late[late.count * 95 / 100]
            let end = try await state(ground)
            let (rows, people) = try await broadcastCaptures(ground)
            print(
                "broadcast \(profile.rawValue): \(plan.users) people, \(killed) kills -9, \(took.components.seconds) s "
                    + "(\(Int(Double(plan.users) / Double(max(1, took.components.seconds))))/s): \(rows) messages to "
                    + "\(people) people, \(end.begun - end.slices) slices done again; \(asked.count) transactional pushes "
                    + "beside it p95 \(p95) ms"
            )
            #expect(rows == plan.users && people == plan.users)
            #expect(end.sent == plan.users && end.begun - end.slices <= killed)
            #expect(p95 < 1000)
            for worker in workers { worker.signal(SIGTERM) }
            for worker in workers { #expect(await worker.ended() == .status(0)) }
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `stops when it is paused, goes on when it is resumed, and is told`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "pause")
            try await people(3_000, ground)
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            let job = BroadcastNotification(
                broadcast: "samba",
                template: "news",
                variables: ["title": "t", "text": "x"],
                category: "service",
                ratePerSecond: 500
            )
            try await client.enqueue(job)
            let worker = try ground.start(["work"], log: "worker")
            try await until("it runs") { try await state(ground, "samba").sent >= 500 }
            try await verb(ground, ["notification", "broadcast", "pause", "samba"])
            try await until("what was handed over has gone") {
                let (sent, captured) = (try await state(ground, "samba").sent, try await captured(ground))
                return sent == captured
            }
            let paused = try await state(ground, "samba")
            #expect(paused.state == "paused" && paused.sent < 3_000)
            try await verb(ground, ["notification", "broadcast", "resume", "samba"])
            // The same name again, by another job: nobody gets it twice.
            try await client.enqueue(job)
            try await until("all have it") {
                let state = try await state(ground, "samba").state
                let captured = try await captured(ground)
                return state == "done" && captured == 3_000
            }
            let list = try await verb(ground, ["notification", "broadcast", "list"])
            #expect(list.contains("samba") && list.contains("100 %"))
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            #expect(try await captured(ground) == 3_000)
            await ground.platform.close()
        }

        private struct Asked: Decodable {
            let devices: Int
            let repeated: Int
            let faults: [String]
        }

        @Test(arguments: Ground.profiles)
        func `asks APNs for nobody twice, though its workers are killed in the middle of it`(
            _ profile: Profile
        ) async throws {
            let (users, kills) = (2_000, 3)
            let apns = try await APNsStage("apns-broadcast-\(profile.rawValue)", streams: 50)
            let ground = try await Ground.prepare(profile, "once", adding: apns.environment)
            try await people(users, ground)
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            try await client.enqueue(
                BroadcastNotification(
                    broadcast: "once",
                    template: "news",
                    variables: ["title": "t", "text": "x"],
                    category: "service",
                    ratePerSecond: 1_000
                )
            )
            var workers = try (0..<2).map { try ground.start(["work", "--grace", "2s"], log: "worker-\($0)") }
            for kill in 0..<kills {
                let goal = users * (kill + 1) / (kills + 2)
                try await until("\(goal) are known") { try await known(ground).all >= goal }
                workers[kill % 2].signal(SIGKILL)
                await workers[kill % 2].ended()
                workers[kill % 2] = try ground.start(["work", "--grace", "2s"], log: "worker-\(kill % 2)")
            }
            try await until("all are known", within: .seconds(120)) { try await known(ground).all == users }
            try await until("nothing is under way", within: .seconds(60)) {
                let lane = try await ground.platform.broker.depths(["notifications_push.bulk"])
                return lane["notifications_push.bulk"].map { $0.ready == 0 } ?? false
            }
            for worker in workers { worker.signal(SIGTERM) }
            for worker in workers { #expect(await worker.ended() == .status(0)) }
            let asked = try JSONDecoder().decode(Asked.self, from: try await apns.stats())
            let end = try await known(ground)
            print(
                "broadcast \(profile.rawValue): \(users) devices at APNs, \(kills) kills -9: asked for \(asked.devices), "
                    + "twice for \(asked.repeated), sent \(end.sent), left unknown by the kills \(end.open)"
            )
            #expect(asked.repeated == 0 && asked.faults == [])
            #expect(end.sent <= asked.devices && end.open <= kills * 64, "at most what a process had under way")
            await ground.platform.close()
        }

        private func known(_ ground: Ground) async throws -> (all: Int, sent: Int, open: Int) {
            try await ground.platform.store.driver.read { session throws(StoreError) in
                var (sent, open) = (0, 0)
                for row in try session.query(
                    "select state, count(*) as rows from notification_messages where user_id like 'u%' group by state"
                ) {
                    let rows = Int(try row.int("rows"))
                    if try row.text("state") == "sent" { sent += rows } else { open += rows }
                }
                return (sent + open, sent, open)
            }
        }

        /// By the verb that loads them, a device each.
        private func people(_ count: Int, _ ground: Ground) async throws {
            let path = ground.folder + "/people.ndjson"
            try Data().write(to: URL(filePath: path))
            let file = try #require(FileHandle(forWritingAtPath: path))
            for start in stride(from: 0, to: count, by: 10_000) {
                var text = ""
                for index in start..<min(start + 10_000, count) {
                    let token = String(index + 0xABC0_0000, radix: 16)
                    text += #"{"user_id":"u\#(index)","devices":[{"platform":"apns","token":"\#(token)"}]}"# + "\n"
                }
                try file.write(contentsOf: Data(text.utf8))
            }
            try file.close()
            try await verb(ground, ["notification", "import", path])
            // People of their own for what goes beside it.
            try await ground.platform.store.driver.write { session throws(StoreError) in
                _ = try session.executeBatch(
                    """
                    insert into notification_devices (platform, token, user_id, app, locale, registered_at)
                    values ('fcm', :token, :user, '', null, 0)
                    """,
                    (0..<100).map { ["token": .text("beside-\($0)"), "user": .text("beside-\($0)")] }
                )
            }
        }

        @discardableResult
        private func verb(_ ground: Ground, _ arguments: [String]) async throws -> String {
            let output = ground.folder + "/verb-\(UUID().uuidString)"
            let child = try ground.start(arguments, log: "verbs", output: output)
            #expect(await child.ended() == .status(0), "\(arguments)")
            return try String(contentsOfFile: output, encoding: .utf8)
        }

        private struct State {
            var state = ""
            var sent = 0
            var slices = 0
            var begun = 0
        }

        private func state(_ ground: Ground, _ name: String = "carnival") async throws -> State {
            try await ground.platform.store.driver.read { session throws(StoreError) in
                let row = try session.query(
                    "select state, sent, slices, begun from notification_broadcasts where id = :id",
                    ["id": .text(name)]
                ).first
                guard let row else { return State() }
                return State(
                    state: try row.text("state"),
                    sent: Int(try row.int("sent")),
                    slices: Int(try row.int("slices")),
                    begun: Int(try row.int("begun"))
                )
            }
        }

        private func captured(_ ground: Ground) async throws -> Int {
            try await ground.platform.store.driver.read { session throws(StoreError) in
                Int(
                    try session.query("select count(*) as rows from notification_captures where user_id like 'u%'")[0]
                        .int("rows")
                )
            }
        }

        private func broadcastCaptures(_ ground: Ground) async throws -> (rows: Int, people: Int) {
            try await ground.platform.store.driver.read { session throws(StoreError) in
                let row = try session.query(
                    """
                    select count(*) as rows, count(distinct user_id) as people from notification_captures
                    where user_id like 'u%'
                    """
                )[0]
                return (Int(try row.int("rows")), Int(try row.int("people")))
            }
        }

        /// Enqueues until it is cancelled: the jobs and when they were handed over.
        private func transactional(_ client: JobClient) async throws -> [JobID: Timestamp] {
            var asked: [JobID: Timestamp] = [:]
            var index = 0
            while !Task.isCancelled {
                let job = PushNotification(
                    userID: "beside-\(index % 100)",
                    template: "checkin_receipt",
                    variables: ["name": "Ana", "venue": "Aurora"]
                )
                let at = Timestamp.now()
                let id = try await client.enqueue(job).id
                asked[id] = at
                index += 1
                try? await Task.sleep(for: .milliseconds(1000 / Plan.beside))
            }
            return asked
        }

        private func latencies(_ asked: [JobID: Timestamp], _ ground: Ground) async throws -> [Int64] {
            let rows = try await ground.platform.store.driver.read { session throws(StoreError) in
                try session.query(
                    "select job_id, at_ms from notification_captures where user_id like 'beside-%'"
                )
            }
            var late: [Int64] = []
            for row in rows {
                guard let at = asked[try row.id("job_id")] else { continue }
                late.append(try row.instant("at_ms").milliseconds - at.milliseconds)
            }
            return late
        }
    }
}
