import JobCore
import RabbitMQ
import Testing

extension Contract {
    /// What programs of another make, and other builds, put into the queues.
    @Suite(.timeLimit(.minutes(5))) struct Strangers {
        private static let id = "0192f0c1-0000-7000-8000-00000000000a"

        private static let malformed: [(WireMessage, String)] = {
            func message(_ body: String = #"{"number":1}"#, _ change: (inout WireMessage) -> Void = { _ in })
                -> WireMessage
            {
                var message = WireMessage(routingKey: "alpha.work", body: Array(body.utf8))
                change(&message)
                return message
            }
            return [
                (message("{"), "malformed_json"),
                (message(""), "malformed_json"),
                (message("\0"), "malformed_json"),
                (message("nonsense"), "malformed_payload"),
                (message(#"{"number":"text"}"#), "malformed_payload"),
                (message(#"{"other":1}"#), "malformed_payload"),
                (message(String(repeating: "[", count: 40)), "malformed_too_deep"),
                (message { $0.headers = [HeaderName.attempt: .string("two")] }, "malformed_header"),
                (message { $0.headers = [HeaderName.version: .int(.min)] }, "malformed_header"),
                (message { $0.headers = [HeaderName.expiresAt: .int(-1)] }, "malformed_header"),
                (message { $0.headers = [HeaderName.delay: .double(1.5)] }, "malformed_header"),
                (message { $0.type = "beta.work" }, "malformed_type"),
                (message { $0.contentType = "text/xml" }, "malformed_content_type"),
                (message { $0.messageID = "42" }, "malformed_message_id"),
            ]
        }()

        @Test(arguments: Profile.underTest)
        func `what is no job becomes a letter, and stops nobody`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let broken = Self.malformed
                await world.publish(broken.map(\.0) + [.numbered(7)])
                try await Engine.with(world) { engine in
                    try await world.until("letters") { try await world.letters().count == broken.count }
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.number) == [7])
                }
                let letters = try await world.letters()
                for (message, label) in broken {
                    let same = letters.filter { $0.payload == message.body && $0.errorType == label }
                    #expect(!same.isEmpty, "\(label)")
                    #expect(same.allSatisfy { $0.job == "alpha.work" && $0.address == QueueAddress("alpha") })
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `the least that a producer must send is enough`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish([WireMessage(routingKey: "alpha.work", body: Array(#"{"number":5,"new":[]}"#.utf8))]
                )
                try await Engine.with(world) { engine in
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.number) == [5])
                    #expect(engine.journal.lines.map(\.attempt) == [1])
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `an older version is brought up to date`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var old = WireMessage.numbered(0, headers: [HeaderName.version: .int(1)])
                old.body = Array(#"{"n":8}"#.utf8)
                await world.publish([old])
                try await Engine.with(world) { engine in
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.number) == [8])
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `a delay asked for by header is honoured once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let before = try await world.store.now()
                await world.publish([.numbered(1, headers: [HeaderName.delay: .int(300), "mine": .int(1)])])
                try await Engine.with(world) { engine in
                    try await engine.untilReturned(1, in: world)
                    try await engine.shutDown()
                    let line = try #require(engine.journal.lines.first)
                    #expect(engine.journal.lines.count == 1)
                    #expect(line.attempt == 1)
                    #expect(line.began.duration(since: before) >= .milliseconds(300))
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job of a newer build is waited for, and given up after an hour`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let hourAgo = Timestamp.now().milliseconds - 3_700_000
                await world.publish([
                    .numbered(1, key: "later.work"),
                    .numbered(2, headers: [HeaderName.version: .int(3)]),
                    .numbered(3, key: "later.work", headers: [HeaderName.unknownSince: .int(hourAgo)]),
                ])
                try await Engine.with(world) { engine in
                    try await world.until("two rows and a letter") {
                        let (rows, letters) = (try await world.waiting().count, try await world.letters().count)
                        return rows == 2 && letters == 1
                    }
                    try await engine.shutDown()
                    for row in try await world.waiting() {
                        #expect(row.reason == "snooze")
                        #expect(row.attempt == 1)
                        #expect(row.lastError?.hasPrefix("unknown_job: ") == true)
                        #expect(row.address == QueueAddress("alpha"))
                        #expect(row.dueIn > .seconds(1))
                    }
                    #expect(try await world.letters().map(\.errorType) == ["unknown_job"])
                    #expect(engine.journal.lines == [])
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `a clock that runs ahead does not hide the lag`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var early = WireMessage.numbered(1, headers: [HeaderName.readyAt: .int(.max)])
                early.messageID = nil
                var seconds = WireMessage.numbered(2)
                // Milliseconds, where AMQP has seconds.
                seconds.timestamp = 1_790_000_000_000
                await world.publish([early, seconds])
                try await Engine.with(world) { engine in
                    try await world.until("one ran, one is dead") {
                        try await world.letters().count == 1 && engine.journal.returned.count == 1
                    }
                }
                let head = try await world.store.lanes().heads[QueueAddress("alpha")]
                #expect(try #require(head?.deliveredReadyAt) <= .now())
            }
        }

        @Test(arguments: Profile.underTest)
        func `an expired job is dead, and never runs`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish([.numbered(1, headers: [HeaderName.expiresAt: .int(1000)])])
                let id = try await world.client.enqueue(AlphaJob(number: 2), .expires(.zero)).id
                try await world.client.enqueue(AlphaJob(number: 3), .expires(.seconds(600)))
                try await Engine.with(world) { engine in
                    try await world.until("two letters") { try await world.letters().count == 2 }
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.number) == [3])
                }
                let letters = try await world.letters()
                #expect(letters.map(\.errorType) == ["expired", "expired"])
                #expect(letters.first { $0.jobID == id }?.expiresAt != nil)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a body over a mebibyte is refused, or kept as a letter that cannot be replayed`(profile: Profile)
            async throws
        {
            try await World.with(profile) { world in
                let length = 3 << 20
                let body = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                // Our own clients cannot publish it anywhere.
                let request = EnqueueRequest(job: AlphaJob.name, payload: body)
                let refused = await world.client.enqueue([request])[0]
                guard case .failure(let error) = refused, case .invalid = error.cause else {
                    Issue.record("\(refused)")
                    return
                }
                switch (world.profile, world.cluster) {
                case (.cluster, let cluster?):
                    let exchange = cluster.prefix + Topology.exchange
                    try await cluster.publish(
                        AMQPMessage(
                            exchange: exchange,
                            routingKey: "alpha.work",
                            body: body,
                            properties: AMQPProperties(messageID: Self.id)
                        )
                    )
                    try await Engine.with(world) { _ in
                        try await world.until("a letter") { try await world.letters().count == 1 }
                    }
                    let letter = try #require(try await world.letters().first)
                    #expect(letter.jobID.description == Self.id)
                    #expect(letter.errorType == "malformed_too_large")
                    #expect(letter.bodyLength == Int64(length))
                    #expect(letter.bodySHA256 == Self.digest)
                    #expect(letter.payload == Array(body.prefix(64 << 10)))
                    let progress = try await world.store.replay(
                        ReplayRequest(
                            selector: .of { $0.isAll = true },
                            rules: Replay.Rules(operation: "o"),
                            actor: "ana",
                            subject: "all"
                        )
                    )
                    #expect(progress.skipped == ["oversize": 1])
                default:
                    // Nobody but this library writes to the file.
                    let message = WireMessage(routingKey: "alpha.work", body: body)
                    guard case .refused = await world.broker.publish([message], deadline: .seconds(5))[0].error else {
                        Issue.record("taken")
                        return
                    }
                }
                try await world.expectNothingLeft()
            }
        }

        /// SHA-256 of three mebibytes of `a`.
        private static let digest = "6f850bc94ae6f7de14297c01616c36d712d22864497b28a63b81d776b035e656"
    }
}
