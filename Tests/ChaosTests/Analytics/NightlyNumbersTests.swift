import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// The nightly job's numbers, cell by cell, against another program's on the same raw file.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Nightly numbers` {
        @Test(arguments: Ground.profiles)
        func `equal an independent calculation, and a rerun gives the same`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "nightly")
            let file = try CheckinFile.path(in: ground.folder)
            #expect(try await ground.output(["analytics", "load", "checkins", file, "--json"]).contains("\"known\":0"))
            #expect(try await ground.output(["analytics", "load", "checkins", file, "--json"]).contains("\"new\":0"))

            let days = try await ground.days()
            let lines = days.map { #"{"payload":{"day":"\#($0)"}}"# }.joined(separator: "\n")
            try Data((lines + "\n").utf8).write(to: URL(filePath: ground.folder + "/days.ndjson"))
            let path = ground.folder + "/days.ndjson"
            _ = try await ground.output(["enqueue", "analytics.daily", "--ndjson", path])
            let worker = try ground.start(["work", "--queues", "analytics"], log: "worker")
            let ledger = Ledger(ground: ground)
            try await until("every day is counted", within: .seconds(120)) {
                try await ground.platform.store.counts()[QueueAddress("analytics")]?.done == Int64(days.count)
            }
            let (expected, tool) = try await CheckinFile.expected(file, ground)
            let first = try await ground.cells()
            #expect(first == expected)
            #expect(first.count > 100)

            // The schedule's own way: some days once more, by the clock's payload.
            let (from, to) = (days[0], days[min(3, days.count - 1)])
            let answer = try await ground.output([
                "schedule", "backfill", "analytics_daily", "--from", CivilDay(from)?.advanced(by: 1).description ?? "",
                "--to",
                CivilDay(to)?.advanced(by: 1).description ?? "", "--json",
            ])
            #expect(answer.contains("\"had_fire\":0"))
            try await until("the backfill has run", within: .seconds(60)) {
                let fires = try await ground.platform.store.fires("analytics_daily", limit: 100)
                return fires.count >= 4 && fires.allSatisfy { $0.state == .done }
            }
            #expect(try await ground.cells() == expected)
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            #expect(try await ledger.dead() == 0)
            print(
                "nightly \(profile.rawValue): \(days.count) days, \(expected.count) cells of venue and day equal those of \(tool)"
            )
            await ground.platform.close()
        }
    }
}

private enum CheckinFile {
    /// The real check-ins where they are at hand (`JOBS_TEST_DATA`), else some that are made up.
    static func path(in folder: String) throws -> String {
        let root = URL(filePath: Ground.checkout).deletingLastPathComponent()
        let data = ProcessInfo.processInfo.environment["JOBS_TEST_DATA"] ?? root.appending(path: "shared/data").path
        let real = data + "/checkins/foursquare_nyc_66962.csv.gz"
        if FileManager.default.fileExists(atPath: real) { return real }
        var random = SeededRandom(seed: 9)
        var text = "user_id,venue_id,category,utc_time,local_time\n"
        for _ in 0..<3000 {
            let (user, venue) = (Int.random(in: 1...40, using: &random), Int.random(in: 1...60, using: &random))
            let at = 1_790_000_000 + Int64.random(in: 0..<(12 * 86_400), using: &random)
            let utc = Timestamp(milliseconds: at * 1000).description
            let local = Timestamp(milliseconds: (at - 3 * 3600) * 1000).description.prefix(19).replacing("T", with: " ")
            text += "\(user),\(venue),\"Bar, \"\"o\"\" bom\",\(utc),\(local)\r\n"
        }
        let path = folder + "/checkins.csv"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    static func expected(_ file: String, _ ground: Ground) async throws -> (cells: Set<String>, tool: String) {
        let script = "\(Ground.checkout)/Tests/ChaosTests/Analytics/expected.py"
        let venv = "\(Ground.checkout)/.run/venv/bin/python"
        let python = FileManager.default.isExecutableFile(atPath: venv) ? venv : "/usr/bin/python3"
        let (output, errors) = (ground.folder + "/expected.tsv", ground.folder + "/expected.err")
        let child = try ChildProcess(
            python,
            [script, file],
            environment: ProcessInfo.processInfo.environment.filter { $0.key == "PATH" },
            output: output,
            errors: errors
        )
        let said = await child.ended()
        let tool = try String(contentsOfFile: errors, encoding: .utf8)
        guard said == .status(0) else { throw StageError("expected.py: \(tool)") }
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map(String.init)
        return (Set(lines), tool.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}

extension Ground {
    /// What a verb prints; it must succeed.
    fileprivate func output(_ arguments: [String]) async throws -> String {
        let path = "\(folder)/out-\(UUID().uuidString.prefix(6))"
        let child = try start(arguments, log: "verbs", output: path)
        guard await child.ended() == .status(0) else {
            throw StageError("jobctl \(arguments.joined(separator: " ")) failed; see \(folder)/verbs.log")
        }
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    fileprivate func days() async throws -> [String] {
        try await platform.store.driver.read { session throws(StoreError) in
            var days: [String] = []
            for row in try session.query("select distinct day from checkins order by day") {
                days.append(try row.text("day"))
            }
            return days
        }
    }

    fileprivate func cells() async throws -> Set<String> {
        try await platform.store.driver.read { session throws(StoreError) in
            var cells: Set<String> = []
            for row in try session.query("select venue_id, day, visits, visitors from venue_days") {
                cells.insert(
                    "\(try row.text("venue_id"))\t\(try row.text("day"))\t\(try row.int("visits"))\t\(try row.int("visitors"))"
                )
            }
            return cells
        }
    }
}
