import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// `jobctl lag` as a process against the queue's own head, while a scheduler samples.
    @Suite(.serialized, .timeLimit(.minutes(20))) struct `Lag on RabbitMQ` {
        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `is off by six seconds at most in ten flows`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "lag", concurrency: 1, credit: 1)
            let flows = LagFlows(ground: ground)
            try await flows.run(isFull: Ground.isFull)
            for line in await flows.lines { print("lag \(profile.rawValue): \(line)") }
            let worst = await flows.worst
            print("lag \(profile.rawValue): off by \((worst * 10).rounded() / 10) s at most")
            #expect(worst <= 6)
            await ground.platform.close()
        }
    }
}

/// The scripted flows, one after the other over one lane.
actor LagFlows {
    private let ground: Ground
    private let oracle: LagOracle
    private let sink: ClientSink
    private(set) var worst = 0.0
    private(set) var lines: [String] = []

    init(ground: Ground) {
        self.ground = ground
        oracle = LagOracle(ground: ground)
        sink = ClientSink(ground)
    }

    func run(isFull: Bool) async throws {
        var scheduler = try ground.start(["scheduler"], log: "scheduler")
        try await until("the lanes are sampled") { try await self.ground.platform.store.lanes().sampledAt != nil }
        try await look("idle", times: 2)

        // Nobody consumes, and what comes comes with gaps.
        try await enqueue(3)
        try await pause(7)
        try await enqueue(2)
        try await pause(2)
        try await look("no consumer", times: isFull ? 5 : 2, verdict: "no_workers")

        let worker = try ground.start(["work", "--no-loops", "--queues", "system"], log: "worker")
        try await untilEmpty()
        try await look("drained", times: 1)

        // Each takes 100 ms and one runs at a time: 300 are half a minute of work.
        try await enqueue(isFull ? 300 : 120, workMs: 100)
        try await look("burst", times: isFull ? 8 : 4)
        try await untilEmpty()

        // 15 a second come, 10 a second leave.
        let producer = Task {
            while !Task.isCancelled {
                try await self.enqueue(3, workMs: 100)
                try await self.pause(0.2)
            }
        }
        try await look("overload", times: isFull ? 12 : 5)
        producer.cancel()
        _ = await producer.result

        // The worker holds what it has, and takes no more.
        worker.signal(SIGSTOP)
        try await pause(1)
        try await look("stalled consumer", times: 3)
        worker.signal(SIGCONT)

        try await PrivateNodes.shared.purge((ground.environment["JOBS_PREFIX"] ?? "") + "system")
        try await look("purge", times: 2)
        try await untilEmpty()

        if isFull { try await longFlows(&scheduler, worker) }
        for child in [worker, scheduler] { child.signal(SIGTERM) }
        for child in [worker, scheduler] { await child.ended() }
    }

    private func longFlows(_ scheduler: inout ChildProcess, _ worker: ChildProcess) async throws {
        // Letters that died long ago come back as jobs that are ready now.
        try await sink(SystemProbe(outcome: .dead), 20)
        try await until("they are dead") { try await Ledger(ground: self.ground).dead() == 20 }
        try await pause(20)
        let replay = try ground.start(["dead", "replay", "--all"], log: "replay")
        await replay.ended()
        try await look("replay of old letters", times: 3)
        try await untilEmpty()

        // A dependency is down: jobs wait on purpose, and are not late.
        try await sink(SystemProbe(failAttempts: 1), 20)
        try await look("parked", times: 3)
        try await untilEmpty()

        worker.signal(SIGSTOP)
        try await pause(1)
        try await enqueue(30)
        try await pause(5)
        try await PrivateNodes.shared.command("kill-broker")
        try await PrivateNodes.shared.command("start-broker")
        try await look("broker restart", times: 4)
        worker.signal(SIGCONT)
        try await untilEmpty()

        // One sample of the empty lane: what a worker took in the last moment before it was stopped, nobody could tell.
        try await pause(4)
        scheduler.signal(SIGTERM)
        await scheduler.ended()
        worker.signal(SIGSTOP)
        try await pause(1)
        try await enqueue(10)
        // Nobody samples but the operator's own look, once in five seconds.
        for _ in 0..<10 {
            try await pause(55)
            try await look("scheduler away for ten minutes", times: 1)
        }
        worker.signal(SIGCONT)
        scheduler = try ground.start(["scheduler"], log: "scheduler-again")
        try await untilEmpty()
    }

    private func look(_ flow: String, times: Int, verdict: String? = nil) async throws {
        var errors: [Double] = []
        var answers: [LagOracle.Answer] = []
        for index in 0..<times {
            if index > 0 { try await pause(1.3) }
            let (off, said) = try await oracle.error(flow)
            errors.append(off)
            answers.append(said)
            #expect(said.status == (said.lag == nil ? 3 : 0))
            if let verdict { #expect(said.verdict == verdict) }
        }
        let largest = errors.max() ?? 0
        worst = max(worst, largest)
        let said = answers.map { answer in answer.lag.map { "\(($0 * 10).rounded() / 10)" } ?? "?" }
        let verdicts = Set(answers.map(\.verdict)).sorted().joined(separator: ",")
        lines.append(
            "\(flow): said \(said.joined(separator: " ")) s, off by \((largest * 10).rounded() / 10) s, \(verdicts)"
        )
    }

    private func enqueue(_ count: Int, workMs: Int = 0) async throws {
        try await sink(SystemProbe(workMs: workMs), count)
    }

    private func sink(_ probe: SystemProbe, _ count: Int) async throws {
        let probes = (0..<count).map { _ in Probe(job: probe) }
        var open = probes
        // The connection may have to find a broker that was just started.
        try await until("all are confirmed") {
            let confirmed = try await self.sink.enqueue(open)
            open.removeAll { confirmed.contains($0.id) }
            return open.isEmpty
        }
    }

    /// Nothing is left, and the lane has been sampled so: until then the upper end of the lag is that of what was taken last.
    private func untilEmpty() async throws {
        try await until("the lane is empty", within: .seconds(120)) {
            try await Ledger(ground: self.ground).left() == 0
        }
        let empty = try await ground.platform.store.now()
        try await until("it has been sampled empty") {
            let head = try await self.ground.platform.store.lanes().heads[QueueAddress("system")]
            return head?.emptyAt.map { $0 >= empty } ?? false
        }
    }

    /// Part of the script: flows are made of times.
    private func pause(_ seconds: Double) async throws {
        try await Task.sleep(for: .milliseconds(Int64(seconds * 1000)))
    }
}
