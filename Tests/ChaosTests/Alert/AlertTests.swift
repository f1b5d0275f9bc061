import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// Real processes stop, and a real Alertmanager hears of it.
    @Suite(.serialized, .timeLimit(.minutes(10))) struct `Alerts` {
        private static let threshold = 5
        /// From the moment at which the lag is over its threshold.
        private static let patience: Duration = .seconds(15)

        @Test(arguments: Ground.profiles)
        func `are raised when all workers have stopped, and end with their return`(_ profile: Profile) async throws {
            try await Self.withGround(profile, "alerts") { ground, alertmanager in
                let scheduler = try ground.start(["scheduler"], log: "scheduler")
                let worker = try ground.start(["work", "--no-loops", "--queues", "system"], log: "worker")
                try await until("the worker serves") {
                    try await ground.platform.broker.depths(["system"])["system"]?.consumers == 1
                }
                worker.signal(SIGTERM)
                await worker.ended()
                let raised = try await Self.raise(in: ground, alertmanager) {
                    let confirmed = try await ClientSink(ground).enqueue([Probe(job: SystemProbe())])
                    #expect(confirmed.count == 1)
                }
                #expect(try await alertmanager.active().contains { $0.name == "no_workers" && $0.queue == "system" })
                let again = try ground.start(["work", "--no-loops", "--queues", "system"], log: "worker-again")
                let ended = try await Self.end(alertmanager)
                print(
                    "alerts \(profile.rawValue): workers stopped, raised \(raised) s after the job, over \(ended) s after"
                )
                for child in [again, scheduler] { child.signal(SIGTERM) }
                for child in [again, scheduler] { await child.ended() }
            }
        }

        @Test(arguments: Ground.profiles)
        func `are raised when only the loops have stopped`(_ profile: Profile) async throws {
            try await Self.withGround(profile, "alerts-loops") { ground, alertmanager in
                let scheduler = try ground.start(["scheduler"], log: "scheduler")
                let worker = try ground.start(["work", "--no-loops", "--queues", "system"], log: "worker")
                try await until("the worker serves") {
                    try await ground.platform.broker.depths(["system"])["system"]?.consumers == 1
                }
                scheduler.signal(SIGKILL)
                await scheduler.ended()
                let raised = try await Self.raise(in: ground, alertmanager, after: 1) {
                    let job = try ground.start(
                        ["enqueue", "system.probe", "--payload", "{}", "--delay", "1s"],
                        log: "enqueue"
                    )
                    #expect(await job.ended() == .status(0))
                }
                try await until("what stopped is named", within: .seconds(30)) {
                    try await alertmanager.active().contains { $0.name == "loops_stopped" }
                }
                let again = try ground.start(["scheduler"], log: "scheduler-again")
                let ended = try await Self.end(alertmanager)
                print(
                    "alerts \(profile.rawValue): loops stopped, raised \(raised) s after the job was due, over \(ended) s after"
                )
                for child in [again, worker] { child.signal(SIGTERM) }
                for child in [again, worker] { await child.ended() }
            }
        }

        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `are raised after the broker restarted, without its management`(_ profile: Profile) async throws {
            try await Self.withGround(profile, "alerts-restart") { ground, alertmanager in
                #expect(ground.environment["JOBS_MANAGEMENT_URL"] == nil)
                let scheduler = try ground.start(["scheduler"], log: "scheduler")
                try await until("the lanes are sampled") { try await ground.platform.store.lanes().sampledAt != nil }
                try await PrivateNodes.shared.command("kill-broker")
                try await PrivateNodes.shared.command("start-broker")
                let raised = try await Self.raise(in: ground, alertmanager) {
                    try await until("a job is confirmed") {
                        try await ClientSink(ground).enqueue([Probe(job: SystemProbe())]).count == 1
                    }
                }
                let worker = try ground.start(["work", "--no-loops", "--queues", "system"], log: "worker")
                let ended = try await Self.end(alertmanager)
                print(
                    "alerts \(profile.rawValue): broker restarted, raised \(raised) s after the job, over \(ended) s after"
                )
                for child in [worker, scheduler] { child.signal(SIGTERM) }
                for child in [worker, scheduler] { await child.ended() }
            }
        }

        private static func withGround(
            _ profile: Profile,
            _ name: String,
            _ body: (Ground, Alertmanager) async throws -> Void
        ) async throws {
            let folder = "\(Undertaker.shared.folder)/\(name)-\(profile.rawValue)-am"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let alertmanager = try await Alertmanager.start(in: folder)
            let ground = try await Ground.prepare(
                profile,
                name,
                adding: ["JOBS_ALERTMANAGER_URL": alertmanager.url],
                without: ["JOBS_MANAGEMENT_URL"],
                lagThreshold: threshold
            )
            try await body(ground, alertmanager)
            await alertmanager.stop()
            await ground.platform.close()
        }

        /// Seconds from the deed until `lag_high` of the queue is known, which tells what to type and where to read.
        private static func raise(
            in ground: Ground,
            _ alertmanager: Alertmanager,
            after delay: Int = 0,
            _ deed: () async throws -> Void
        ) async throws -> Double {
            try await deed()
            let start = ContinuousClock.now.advanced(by: .seconds(delay))
            var found: Alertmanager.Alert?
            try await until("the alert is raised", within: .seconds(90)) {
                found = try await alertmanager.active().first { $0.name == "lag_high" && $0.queue == "system" }
                return found != nil
            }
            let seconds = start.duration(to: .now)
            #expect(seconds <= .seconds(threshold) + patience)
            let alert = try #require(found)
            #expect(alert.command.hasPrefix("jobctl "))
            #expect(alert.summary.contains("system") && alert.summary.contains("1 jobs"))
            let runbook = "\(Ground.checkout)/\(alert.runbook)"
            #expect(FileManager.default.fileExists(atPath: runbook), "\(alert.runbook)")
            return (seconds.seconds * 10).rounded() / 10
        }

        private static func end(_ alertmanager: Alertmanager) async throws -> Double {
            let start = ContinuousClock.now
            try await until("everything is over but the watchdog", within: .seconds(90)) {
                try await alertmanager.active().map(\.name) == ["watchdog"]
            }
            return (start.duration(to: .now).seconds * 10).rounded() / 10
        }
    }
}
