import Admin
import Foundation
import JobCore
import Logging
import Testing

extension Chaos {
    /// RabbitMQ's alarms: it takes no publishes, and must go on delivering.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `An alarm of the broker` {
        /// How often it is called and withdrawn, each for 800 ms.
        private static let rounds = Ground.isFull ? 12 : 3
        /// Windows of less than a second on shared cores differ by more than the alarm may cost: the short form only
        /// sees a real loss.
        private static let leastShare = Ground.isFull ? 0.95 : 0.75

        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `slows no consumer, and is told to a caller within 100 ms`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "alarm", concurrency: 50)
            let load = AlarmLoad(broker: ground.platform.broker)
            try await load.preload(Self.rounds * 14_000)
            // The node's own clock switches, so that no control tool takes the processor meanwhile.
            try await PrivateNodes.shared.evaluate(
                """
                spawn(fun() -> lists:foreach(fun(_) ->
                    vm_memory_monitor:set_vm_memory_high_watermark(0.0001), timer:sleep(800),
                    vm_memory_monitor:set_vm_memory_high_watermark(0.4), timer:sleep(800)
                end, lists:seq(1, \(Self.rounds))) end).
                """
            )
            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            let figures = try await load.watch(for: .milliseconds(1_600 * Self.rounds + 400))
            let share = figures.rate(alarmed: true) / figures.rate(alarmed: false)
            #expect(
                [true, false].allSatisfy { figures.consumed[$0]?.time ?? .zero > .milliseconds(300) },
                "emptied too soon"
            )
            #expect(figures.refusals > 5 * Self.rounds)
            #expect(figures.errors.isSubset(of: ["broker_blocked", "unconfirmed"]), "\(figures.errors)")
            #expect(figures.slowest < .milliseconds(100))
            #expect(share >= Self.leastShare)
            try await until("publishing works again") { try await load.publishOne() == nil }
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            print(
                "alarm: consumed \(Int(figures.rate(alarmed: false)))/s without, \(Int(figures.rate(alarmed: true)))/s with it, "
                    + "share \((share * 100).rounded() / 100); \(figures.refusals) publishes refused, the slowest after "
                    + "\(figures.slowest.milliseconds) ms"
            )
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `for its disk is told by its reason, and ends with it`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "disk-alarm")
            let load = AlarmLoad(broker: ground.platform.broker)
            #expect(try await load.publishOne() == nil)
            try await PrivateNodes.shared.evaluate(#"rabbit_disk_monitor:set_disk_free_limit("900000GB")."#)
            try await until("it is told") {
                if case .brokerBlocked(let reason)? = try await load.publishOne() {
                    reason.contains("disk")
                } else {
                    false
                }
            }
            let quiet = try await Platform.open(
                try PlatformConfiguration.fromEnvironment(ground.environment),
                purpose: .look,
                logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }
            )
            #expect(await quiet.broker.alarm()?.contains("disk") == true, "told to a process that publishes nothing")
            func alarms() async throws -> BrokerFinding {
                try #require(await quiet.broker.examine().first { $0.name == "alarms" })
            }
            #expect(try await alarms().isWell == false)
            // The API's own figures are some seconds old, and may still be those of an alarm that is over.
            try await until("its source is named") { try await alarms().detail.contains("is low on disk") }
            let command = try ground.start(
                ["enqueue", SystemProbe.name.rawValue, "--payload", "{}"],
                log: "enqueue"
            )
            #expect(await command.ended() == .status(4))
            try await PrivateNodes.shared.evaluate(#"rabbit_disk_monitor:set_disk_free_limit("200MB")."#)
            try await until("publishing works again") { try await load.publishOne() == nil }
            try await until("it is over for the quiet one too") { await quiet.broker.alarm() == nil }
            await quiet.close()
            await ground.platform.close()
        }
    }
}

/// Publishes at a broker that may be alarmed, and watches how fast its queue empties meanwhile.
private struct AlarmLoad {
    struct Figures {
        /// Jobs taken from the queue and the time that took, by whether the broker was alarmed.
        var consumed: [Bool: (jobs: Int, time: Duration)] = [:]
        var refusals = 0
        var errors: Set<String> = []
        var slowest: Duration = .zero

        func rate(alarmed: Bool) -> Double {
            guard let (jobs, time) = consumed[alarmed], time > .zero else { return 0 }
            return Double(jobs) / time.seconds
        }
    }

    let broker: any Broker

    private func message() throws -> WireMessage {
        WireMessage(
            routingKey: SystemProbe.name.rawValue,
            body: try PayloadCoding.encode(SystemProbe()),
            messageID: JobID().description
        )
    }

    func preload(_ count: Int) async throws {
        for _ in stride(from: 0, to: count, by: 1_000) {
            let messages = try (0..<1_000).map { _ in try message() }
            for result in await broker.publish(messages, deadline: .seconds(20)) { _ = try result.get() }
        }
    }

    /// Nil when it was taken.
    func publishOne() async throws -> PublishError? {
        let result = await broker.publish([try message()], deadline: .seconds(2))
        if case .failure(let error) = result[0] { return error }
        return nil
    }

    func watch(for duration: Duration) async throws -> Figures {
        var figures = Figures()
        var last: (ready: Int, at: ContinuousClock.Instant, isAlarmed: Bool)?
        var first: Int?
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {
            let start = ContinuousClock.now
            let error = try await publishOne()
            if let error {
                figures.refusals += 1
                figures.errors.insert(error.label)
                figures.slowest = max(figures.slowest, ContinuousClock.now - start)
            }
            let ready = try await broker.depths(["system"])["system"]?.ready ?? 0
            let now = ContinuousClock.now
            // Nothing counts before the worker has begun.
            let isWorking = ready + 1_000 < first ?? 0
            first = max(first ?? ready, ready)
            if isWorking, let last, last.isAlarmed == (error != nil), ready > 0 {
                let before = figures.consumed[last.isAlarmed] ?? (0, .zero)
                figures.consumed[last.isAlarmed] = (before.jobs + last.ready - ready, before.time + (now - last.at))
            }
            last = (ready, now, error != nil)
            try await Task.sleep(for: .milliseconds(40))
        }
        return figures
    }
}
