import Admin
import Foundation
import JobCore
import Testing
import Workers

extension Chaos {
    /// A mail relay that fails while mails keep coming: three worker processes, a real SMTP server.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `A relay that fails` {
        enum Trouble: String, CaseIterable, Sendable {
            /// 451 for each mail.
            case refuses
            /// Takes connections and answers nothing.
            case hangs
        }

        private struct Plan {
            var rate = 60
            var before: Duration = .seconds(2)
            var outage: Duration = .seconds(6)

            static let full = Plan(rate: 500, before: .seconds(10), outage: .seconds(60))
            static let slowAfter: Duration = .seconds(2)
            static let minimum = 20
        }

        @Test(arguments: Ground.profiles, Trouble.allCases)
        func `parks its queue within two seconds, charges nobody, and is back`(
            _ profile: Profile,
            _ trouble: Trouble
        ) async throws {
            let plan = Ground.isFull ? Plan.full : Plan()
            let relay = try Relay()
            let ground = try await Ground.prepare(
                profile,
                "outage-\(trouble.rawValue)",
                adding: relay.variables,
                changing: [("notifications", "slow_after: 10s, open_for: 5s", "slow_after: 2s, open_for: 1s")]
            )
            try relay.run(in: ground, refusing: false)
            var workers = try (0..<3).map { try ground.startMailWorker("worker-\($0)") }
            let scheduler = try ground.start(["scheduler"], log: "scheduler")
            let store = ground.platform.store
            try await until("three serve it") {
                try await ground.platform.broker.depths(["notifications_email"])["notifications_email"]?.consumers == 3
            }
            let feed = Feed(ground, rate: plan.rate)
            let feeding = Task { try await feed.run() }
            defer { feeding.cancel() }
            try await Task.sleep(for: plan.before)
            #expect(try await store.breakers().allSatisfy { $0.state == .closed })

            let began = ContinuousClock.now
            switch trouble {
            case .refuses: try await relay.replace(in: ground, refusing: true)
            case .hangs: relay.signal(SIGSTOP)
            }
            try await until("the breaker opens") { try await store.breakers().contains { $0.state != .closed } }
            let opened = began.duration(to: .now)
            let condition =
                Duration.seconds(Double(Plan.minimum) / Double(plan.rate))
                + (trouble == .hangs ? Plan.slowAfter : .zero)
            // What the others had begun before they heard of it ends within this, unless it hangs.
            try await Task.sleep(for: plan.outage / 4)
            let parked = try await ground.attempts()
            for worker in workers { worker.signal(SIGKILL) }
            for worker in workers { await worker.ended() }
            workers = try (0..<3).map { try ground.startMailWorker("worker-again-\($0)") }
            try await Task.sleep(until: began.advanced(by: plan.outage))
            let state = try await store.lanes().brake(of: "notifications_email")
            #expect(state.state == .parked, "also after all processes died")
            let after = try await ground.attempts()
            let changed = parked.filter { after[$0.key].map { $0.attempt } ?? $0.value.attempt != $0.value.attempt }
            #expect(changed.isEmpty, "attempts of parked jobs have changed: \(changed)")

            let recovery = ContinuousClock.now
            switch trouble {
            case .refuses: try await relay.replace(in: ground, refusing: false)
            case .hangs: relay.signal(SIGCONT)
            }
            let back = try await ground.untilRate(Double(plan.rate) * 0.9, since: recovery)
            feeding.cancel()
            let sent = await feed.sent
            let charged = after.values.count { $0.attempt > 1 }
            try await until("all but the charged are done", within: .seconds(300)) {
                let waiting = try await ground.attempts()
                return try await ground.mailsDone() + waiting.count >= sent
                    && waiting.values.allSatisfy { $0.attempt > 1 }
            }
            print(
                "breaker \(profile.rawValue) \(trouble.rawValue): \(plan.rate) mails/s, 3 processes; open after "
                    + "\(opened.milliseconds) ms (condition after \(condition.milliseconds) ms), attempts changed while parked "
                    + "\(changed.count), charged before it opened \(charged), dead \(try await store.openLetters().count), "
                    + "at 90 % of the rate again after \(back.milliseconds) ms, sent \(sent)"
            )
            #expect(opened <= condition + .seconds(2))
            #expect(back <= .seconds(60))
            #expect(try await store.openLetters().isEmpty)
            for child in workers + [scheduler] { child.signal(SIGTERM) }
            for child in workers + [scheduler] { #expect(await child.ended() == .status(0)) }
            await relay.stop()
            await ground.platform.close()
        }
    }
}

/// postfix's smtp-sink: a real SMTP server that takes everything, or refuses it.
private final class Relay {
    private let port: UInt16
    private var child: ChildProcess?

    init() throws {
        port = try FreePort.take()
    }

    var variables: [String: String] {
        [
            "JOBS_SMTP_URL": "smtp://127.0.0.1:\(port)", "JOBS_SMTP_TLS": "none", "JOBS_SMTP_CONNECTIONS": "8",
        ]
    }

    func run(in ground: Ground, refusing: Bool) throws {
        let refusal = refusing ? ["-r", ".", "-b", "451 4.3.0 try again later"] : []
        child = try ChildProcess(
            "/usr/sbin/smtp-sink",
            ["-u", "nobody"] + refusal + ["127.0.0.1:\(port)", "500"],
            environment: ["PATH": "/usr/bin:/bin"],
            output: "\(ground.folder)/relay.log"
        )
    }

    func replace(in ground: Ground, refusing: Bool) async throws {
        await stop()
        try run(in: ground, refusing: refusing)
    }

    func signal(_ number: Int32) { child?.signal(number) }

    func stop() async {
        child?.signal(SIGKILL)
        await child?.ended()
    }
}

/// So many mails a second, until cancelled.
private actor Feed {
    private let client: JobClient
    private let rate: Int
    private(set) var sent = 0

    init(_ ground: Ground, rate: Int) {
        client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
        self.rate = rate
    }

    func run() async throws {
        let start = ContinuousClock.now
        while !Task.isCancelled {
            let due = Int(start.duration(to: .now).seconds * Double(rate)) - sent
            let mails = (0..<max(0, due)).map { number in
                EmailNotification(
                    to: "person-\(sent + number)@example.com",
                    template: "welcome",
                    variables: ["name": "Ana", "start_url": "https://checkin.example/app"]
                )
            }
            for result in await client.enqueue(all: mails) { _ = try result.get() }
            sent += mails.count
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}

extension Ground {
    fileprivate func startMailWorker(_ name: String) throws -> ChildProcess {
        try start(["work", "--no-loops", "--queues", "notifications_email"], log: name)
    }

    fileprivate struct Row: Equatable {
        let attempt: Int
    }

    fileprivate func attempts() async throws -> [String: Row] {
        try await platform.store.driver.read { session throws(StoreError) in
            var rows: [String: Row] = [:]
            for row in try session.query("select id, attempt from waiting") {
                rows[try row.text("id")] = Row(attempt: Int(try row.int("attempt")))
            }
            return rows
        }
    }

    fileprivate func mailsDone() async throws -> Int {
        Int(try await platform.store.counts()[QueueAddress("notifications_email")]?.done ?? 0)
    }

    /// How long it took until two seconds in a row had that many done.
    fileprivate func untilRate(_ rate: Double, since start: ContinuousClock.Instant) async throws -> Duration {
        var last = (at: ContinuousClock.now, done: try await mailsDone())
        while start.duration(to: .now) < .seconds(120) {
            try await Task.sleep(for: .seconds(2))
            let now = (at: ContinuousClock.now, done: try await mailsDone())
            let seen = Double(now.done - last.done) / last.at.duration(to: now.at).seconds
            if seen >= rate { return start.duration(to: last.at) }
            last = now
        }
        throw StageError("the rate does not come back")
    }
}
