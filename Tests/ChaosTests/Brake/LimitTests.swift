import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// Rates and budgets that eight and three processes share, and that are killed all at once.
    @Suite(.serialized, .timeLimit(.minutes(10))) struct `Limits of a fleet` {
        private struct Plan {
            var seconds = 6.0
            static let full = Plan(seconds: 60)
            static let rate = 200
            static let burst = 20
            static let processes = 8
        }

        @Test(arguments: Ground.profiles)
        func `eight processes get what the rate allows, to the job, also when all are killed`(
            _ profile: Profile
        ) async throws {
            let plan = Ground.isFull ? Plan.full : Plan()
            let jobs = Int(Double(Plan.rate) * plan.seconds * 1.5) + Plan.burst
            let ground = try await Ground.prepare(
                profile,
                "rate",
                changing: [
                    (
                        "system", "\njobs:\n",
                        "\nlimits:\n  fleet: { queue: system, rate: \(Plan.rate)/s, burst: \(Plan.burst) }\njobs:\n"
                    )
                ]
            )
            try await ground.enqueueProbes(jobs)
            var workers = try (0..<Plan.processes).map { try ground.startWorker("worker-\($0)") }
            let scheduler = try ground.start(["scheduler"], log: "scheduler")
            let ledger = Ledger(ground: ground)
            try await until("it is used") { try await ground.limit("fleet")?.granted ?? 0 > Plan.burst }
            // Each grant moves the algorithm by one interval: its beginning, worked out from its state, stays where it was to the
            // nanosecond. A grant given twice would move it back; a machine that stands still for longer than all processes
            // have reserved lets it rest, which moves it on.
            let interval = Int64(1_000_000_000 / Plan.rate)
            let began = try #require(try await ground.limit("fleet")).beginning(interval)
            let end = ContinuousClock.now.advanced(by: .seconds(plan.seconds))
            var (looks, most, rests, latest) = (0, 0, 0, began)
            while ContinuousClock.now < end {
                let seen = try #require(try await ground.limit("fleet"))
                let beginning = seen.beginning(interval)
                #expect(beginning >= latest)
                if beginning > latest { (rests, latest) = (rests + 1, beginning) }
                let allowed = Plan.burst + Int((seen.now * 1_000_000 - began) / interval)
                let effects = try await ledger.effectCount()
                #expect(effects <= allowed + 1)
                (looks, most) = (looks + 1, max(most, allowed - effects))
                try await Task.sleep(for: .milliseconds(200))
            }
            let seen = try #require(try await ground.limit("fleet"))
            // By the beginning that the first look saw: what a minute of grants by eight processes must not have moved.
            let allowed = Plan.burst + Int((seen.now * 1_000_000 - (rests == 0 ? began : latest)) / interval)
            let (granted, effects) = (seen.grantedUntilNow(interval, Plan.burst), try await ledger.effectCount())
            print(
                "limit \(profile.rawValue): \(Plan.rate)/s, \(Plan.processes) processes, \(plan.seconds) s: allowed \(allowed), "
                    + "granted \(granted), effects \(effects), at most \(most) behind in \(looks) looks, \(rests) rests"
            )
            #expect(granted == allowed && rests <= 3)
            #expect(allowed - effects <= Plan.processes * 16, "granted and not begun: at most what the slots hold")

            for worker in workers { worker.signal(SIGKILL) }
            for worker in workers { await worker.ended() }
            let before = try #require(try await ground.limit("fleet"))
            workers = try (0..<Plan.processes).map { try ground.startWorker("worker-again-\($0)") }
            try await until("all have run") {
                Set(try await ledger.effects().map(\.id)).count == jobs
            }
            let after = try #require(try await ground.limit("fleet"))
            #expect(after.arrival >= before.arrival, "what was used before the deaths counts after them")
            let times = try await ground.effectTimes()
            for (index, time) in times.enumerated() {
                let allowed = Plan.burst + Int((time * 1_000_000 - began) / interval) + 1
                #expect(index < allowed + Plan.burst, "the burst is there again after a rest, and no more")
            }
            for child in workers + [scheduler] { child.signal(SIGTERM) }
            for child in workers + [scheduler] { await child.ended() }
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `no more run at once than there are places, and a dead process gives its own back`(
            _ profile: Profile
        ) async throws {
            let (places, jobs, work) = (3, 45, 200)
            let ground = try await Ground.prepare(
                profile,
                "places",
                changing: [
                    ("system", "\njobs:\n", "\nlimits:\n  few: { queue: system, concurrency: \(places) }\njobs:\n")
                ]
            )
            try await ground.enqueueProbes(jobs, work: work)
            // With their loops: whoever looks for the dead is one of those that hold places.
            let workers = try (0..<3).map { try ground.start(["work"], log: "worker-\($0)") }
            let ledger = Ledger(ground: ground)
            try await until("a third has run") { try await ledger.effectCount() >= jobs / 3 }
            workers[0].signal(SIGKILL)
            await workers[0].ended()
            try await until("all have run") { Set(try await ledger.effects().map(\.id)).count == jobs }
            let times = try await ground.effectTimes()
            // An effect is left at the end of its work: so many ends within one work were running together.
            let most = times.map { time in times.count { $0 > time - Int64(work) && $0 <= time } }.max() ?? 0
            let took = times.last.map { $0 - (times.first ?? 0) } ?? 0
            print(
                "limit \(profile.rawValue): \(places) places, 3 processes, one killed: at most \(most) at once, "
                    + "\(jobs) jobs of \(work) ms in \(took) ms"
            )
            #expect(most <= places)
            #expect(took < Int64(jobs / places * work * 4), "the dead one's places are used again")
            for child in workers.dropFirst() { child.signal(SIGTERM) }
            for child in workers.dropFirst() { #expect(await child.ended() == .status(0)) }
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `a budget stops to the job and resumes at its reset, after all have been killed`(
            _ profile: Profile
        ) async throws {
            let (budget, days) = (40, 3)
            let origin = try #require(Timestamp(rfc3339: "2018-11-03T12:00:00Z"))
            // São Paulo skips its midnight on 4 November 2018: that day begins at one. Six hours pass in a second.
            let folder = Undertaker.shared.folder
            let path = "\(folder)/quota-\(profile.rawValue)-clock.json"
            func start() throws -> Timestamp {
                let now = Timestamp.now()
                try """
                {"origin": "\(origin)", "started": "\(now)", "speed": 21600}
                """.write(toFile: path, atomically: true, encoding: .utf8)
                return now
            }
            _ = try start()
            let ground = try await Ground.prepare(
                profile,
                "quota",
                adding: ["JOBS_TEST_CLOCK": path, "JOBS_ALLOW_TEST_CLOCK": "1"],
                changing: [
                    (
                        "system", "\njobs:\n",
                        "\nlimits:\n  daily: { queue: system, budget: \(budget), per: day, zone: America/Sao_Paulo }\njobs:\n"
                    )
                ]
            )
            try await ground.enqueueProbes(budget * days)
            // Two seconds are left of the first day: they begin when the platform stands, however long that took.
            let started = try start()
            var workers = try (0..<3).map { try ground.startWorker("worker-\($0)") }
            let scheduler = try ground.start(["scheduler"], log: "scheduler")
            let ledger = Ledger(ground: ground)
            try await until("the first budget is used") { try await ledger.effectCount() >= budget }
            try await until("the rest waits") { try await ledger.waiting() == budget * (days - 1) }
            #expect(try await ledger.effectCount() == budget, "to the job")
            for worker in workers { worker.signal(SIGKILL) }
            for worker in workers { await worker.ended() }
            workers = try (0..<3).map { try ground.startWorker("worker-again-\($0)") }
            try await until("all have run") { try await ledger.effectCount() >= budget * days }
            let zone = try ZoneFile.rules("America/Sao_Paulo")
            let shifted = ScheduleClock(origin: origin, started: started, speed: 21_600)
            var byDay: [String: Int] = [:]
            for time in try await ground.effectTimes() {
                let instant = shifted.time(at: Timestamp(milliseconds: time))
                byDay[zone.civil(at: instant.milliseconds / 1000).day.description, default: 0] += 1
            }
            print(
                "quota \(profile.rawValue): \(budget) a day, 3 processes, all killed: \(byDay.sorted { $0.key < $1.key })"
            )
            #expect(byDay.values.allSatisfy { $0 <= budget })
            #expect(byDay.values.reduce(0, +) == budget * days && byDay["2018-11-03"] == budget)
            for child in workers + [scheduler] { child.signal(SIGTERM) }
            for child in workers + [scheduler] { await child.ended() }
            await ground.platform.close()
        }
    }
}

/// A limit's row, and the store's clock when it was read.
private struct LimitSight {
    let granted: Int64
    let arrival: Int64
    let now: Int64

    func beginning(_ interval: Int64) -> Int64 { arrival - granted * interval }

    /// Grants whose slot is not in the future.
    func grantedUntilNow(_ interval: Int64, _ burst: Int) -> Int {
        let ahead = arrival - Int64(burst) * interval - now * 1_000_000
        return Int(granted) - Int(max(0, (ahead + interval - 1) / interval))
    }
}

extension Ground {
    fileprivate func startWorker(_ name: String) throws -> ChildProcess {
        try start(["work", "--no-loops", "--queues", "system"], log: name)
    }

    fileprivate func enqueueProbes(_ count: Int, work: Int = 0) async throws {
        let client = JobClient(broker: platform.broker, store: platform.store)
        let probes = (0..<count).map { _ in SystemProbe(workMs: work, record: true) }
        for result in await client.enqueue(all: probes) { _ = try result.get() }
    }

    fileprivate func limit(_ name: String) async throws -> LimitSight? {
        try await platform.store.driver.read { session throws(StoreError) in
            let row = try session.query(
                "select granted, arrival, (select now_ms()) as now from limit_states where name = :name",
                ["name": .text(name)]
            ).first
            guard let row else { return nil }
            return LimitSight(granted: try row.int("granted"), arrival: try row.int("arrival"), now: try row.int("now"))
        }
    }

    fileprivate func effectTimes() async throws -> [Int64] {
        try await platform.store.driver.read { session throws(StoreError) in
            var times: [Int64] = []
            for row in try session.query("select at_ms from probe_effects order by at_ms") {
                times.append(try row.int("at_ms"))
            }
            return times
        }
    }
}
