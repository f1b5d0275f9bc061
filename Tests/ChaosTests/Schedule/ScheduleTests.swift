import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    @Suite(.serialized, .timeLimit(.minutes(20))) struct `Schedules` {
        @Test(arguments: Ground.profiles)
        func `fire every instant of a week once, whichever scheduler is killed`(_ profile: Profile) async throws {
            let (seconds, kills): (Int64, Int) = Ground.isFull ? (420, 50) : (16, 5)
            let speed = 7 * 86_400 / seconds
            let ground = try await Ground.prepare(profile, "schedules", schedulesAt: speed)
            let crew = Crew(ground)
            await crew.hire(workers: 1, schedulers: 3)
            var random = SeededRandom(seed: 4)
            var killed = 0
            while killed < kills {
                try await Task.sleep(for: .milliseconds(seconds * 900 / Int64(kills)))
                guard let victim = await crew.someone(.scheduler, using: &random) else { continue }
                if await crew.kill(victim) { killed += 1 }
            }
            let store = ground.platform.store
            try await until("the week has been decided", within: .seconds(120)) {
                let book = try await store.schedules()
                return try book.now >= SchedulePlan.end && SchedulePlan.isDecided(book.records)
            }
            let since = try await store.schedules().records.mapValues(\.since)
            let expected = try SchedulePlan.expected(since: since)
            try await until("all of it has run", within: .seconds(120)) {
                try await expected.isSubset(of: Set(ground.probeNotes()))
            }
            let endings = try await crew.dismiss()
            if endings.contains(where: { $0 != .status(0) }) { print("logs are in \(Undertaker.shared.keepFolder())") }
            #expect(endings.filter { $0 != .status(0) } == [])
            #expect(await crew.crashes.isEmpty)
            let notes = try await ground.probeNotes().filter { SchedulePlan.isWithin($0) }
            var fires: [String] = []
            for index in SchedulePlan.times.indices {
                let name = SchedulePlan.name(index)
                let start = since[name] ?? SchedulePlan.origin
                let instants = try await store.firedInstants(name, after: start, through: SchedulePlan.end)
                fires += instants.map { "\(name) \($0)" }
            }
            #expect(Set(fires) == expected)
            #expect(notes.count == expected.count, "an instant ran twice, or not at all")
            #expect(Set(notes) == expected)
            print(
                "schedules \(profile.rawValue): \(SchedulePlan.times.count) over a week in \(seconds) s, \(killed) kills, "
                    + "\(expected.count) instants, \(fires.count) fires, \(notes.count) effects"
            )
            await ground.platform.close()
        }
    }
}

extension SchedulePlan {
    /// The note's instant lies in the week.
    fileprivate static func isWithin(_ note: String) -> Bool {
        note.split(separator: " ").last.flatMap { Timestamp(rfc3339: String($0)) }.map { $0 <= end } ?? false
    }
}

extension Ground {
    fileprivate func probeNotes() async throws -> [String] {
        try await platform.store.driver.read { session throws(StoreError) in
            var notes: [String] = []
            for row in try session.query("select note from probe_effects") { notes.append(try row.text("note")) }
            return notes
        }
    }
}
