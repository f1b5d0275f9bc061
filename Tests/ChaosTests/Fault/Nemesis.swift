import Admin
import Foundation
import JobCore
import Synchronization

/// Kills with SIGKILL, at random moments while the queues are full: daemons and producers on one hand, broker and
/// database on the other, so that their absences overlap.
struct Nemesis: Sendable {
    /// No kill while fewer jobs are ready.
    static let leastReady = 1000
    /// RabbitMQ loses queues that are killed within seconds of their birth; that flaw is not tried here.
    private static let settlingTime = Duration.seconds(5)

    let ground: Ground
    let crew: Crew
    let backlog: Backlog
    let sink: any ProbeSink
    let plan: CampaignPlan

    private enum Victim: Sendable { case worker, scheduler, producer, broker, postgres }

    func run() async throws -> FaultCount {
        async let processes = killProcesses()
        async let servers = killServers()
        return try await processes + servers
    }

    private func killProcesses() async throws -> FaultCount {
        var random = SeededRandom(seed: plan.seed &+ 1)
        var victims = Array(repeating: Victim.worker, count: plan.workerKills)
        victims += Array(repeating: .scheduler, count: plan.schedulerKills)
        if sink is ProcessSink { victims += Array(repeating: .producer, count: plan.producerKills) }
        victims.shuffle(using: &random)
        var count = FaultCount()
        for victim in victims {
            try await Task.sleep(for: .milliseconds(Int.random(in: plan.pause, using: &random)))
            count.readyAtKills.append(try await whenFull { await backlog.measure() })
            switch victim {
            case .worker: try await killWorker(&count, &random)
            case .scheduler:
                try await killScheduler(&random)
                count.scheduler += 1
            case .producer:
                try await killProducer(&random)
                count.producer += 1
            case .broker, .postgres: break
            }
        }
        return count
    }

    private func killWorker(_ count: inout FaultCount, _ random: inout SeededRandom) async throws {
        let takeOver = TakeOver(ground: ground)
        while true {
            guard let victim = await crew.someone(.worker, using: &random) else {
                try await Task.sleep(for: .milliseconds(20))
                continue
            }
            let estate = await takeOver.estate(of: victim)
            guard await crew.kill(victim) else { continue }
            count.worker += 1
            if let estate, let duration = await takeOver.duration(of: estate, from: .now) {
                count.takeOvers.append(duration)
            }
            return
        }
    }

    private func killScheduler(_ random: inout SeededRandom) async throws {
        while true {
            if let victim = await crew.someone(.scheduler, using: &random), await crew.kill(victim) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func killProducer(_ random: inout SeededRandom) async throws {
        guard let sink = sink as? ProcessSink else { return }
        // Its life is short: at any moment of it, from the start of the process to its last confirmation.
        while true {
            if sink.isEnqueueing {
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...600, using: &random)))
                if sink.killCurrent() { return }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func killServers() async throws -> FaultCount {
        var count = FaultCount()
        guard ground.profile == .cluster else { return count }
        var random = SeededRandom(seed: plan.seed &+ 2)
        var victims = Array(repeating: Victim.broker, count: plan.brokerKills)
        victims += Array(repeating: .postgres, count: plan.postgresKills)
        victims.shuffle(using: &random)
        try await Task.sleep(for: Nemesis.settlingTime)
        for victim in victims {
            try await Task.sleep(for: .milliseconds(Int.random(in: plan.pause, using: &random)))
            count.readyAtKills.append(try await whenFull { await backlog.measureNow() ?? 0 })
            let name = victim == .broker ? "broker" : "postgres"
            try await PrivateNodes.shared.command("kill-\(name)")
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...2000, using: &random)))
            try await PrivateNodes.shared.command("start-\(name)")
            if victim == .broker { count.broker += 1 } else { count.postgres += 1 }
        }
        return count
    }

    /// Waits until enough is ready; how much.
    private func whenFull(_ measure: () async -> Int) async throws -> Int {
        while true {
            try Task.checkCancellation()
            let ready = await measure()
            if ready > Nemesis.leastReady { return ready }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
