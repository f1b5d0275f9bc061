import Foundation
import JobCore
import Testing

@testable import Admin

@Suite struct `Letters in a file` {
    private func list(_ bench: CommandBench, state: String = "open") async throws -> [[String: Any]] {
        try await bench.run(list: ["dead", "list", "--state", state, "--limit", "0", "--json"]).list()
    }

    @Test(arguments: ["letters.ndjson", "letters.ndjson.gz"])
    func `leave the store and come back as they were`(name: String) async throws {
        let bench = try CommandBench()
        let strange: [UInt8] = [0xFF, 0x00, 0x22]
        try await bench.bury(450) { letter, index in
            if index == 7 { letter.payload = strange }
            if index == 8 { letter.headers["x-theirs"] = .bytes([1, 2, 255]) }
        }
        let before = try await bench.withPlatform { platform in try await Self.letters(platform) }
        let file = "\(bench.folder)/\(name)"
        let refused = try await bench.run("dead", "drain", "--all", "--limit", "0", "--to", file)
        #expect(refused.status == .usage && !FileManager.default.fileExists(atPath: file))
        let drained = try await bench.run(list: [
            "dead", "drain", "--all", "--limit", "0", "--to", file, "--yes", "--json",
        ])
        #expect(try drained.object()["drained"] as? Int == 450, "\(drained.err)")
        #expect(try await list(bench).isEmpty)
        #expect(try await list(bench, state: "drained").count == 450)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600, "bodies may be personal")
        #expect(!FileManager.default.fileExists(atPath: file + ".part"))

        // As if the store had forgotten them: then, as if it had not; then once more.
        _ = try await bench.withPlatform { platform in
            try await platform.store.driver.write { session throws(StoreError) in
                try session.execute("delete from dead_letters where letter_id % 2 = 0")
            }
        }
        #expect(try await bench.run("dead", "import", file, "--dry-run", "--json").object()["letters"] as? Int == 450)
        let imported = try await bench.run("dead", "import", file, "--json").object()
        #expect(imported["imported"] as? Int == 225 && imported["restored"] as? Int == 225)
        let again = try await bench.run("dead", "import", file, "--json").object()
        #expect(again["known"] as? Int == 450)
        let after = try await bench.withPlatform { platform in try await Self.letters(platform) }
        #expect(after == before)
    }

    private static func letters(_ platform: Platform) async throws -> [String: ArchivedLetter] {
        var selector = Selector()
        selector.limit = 0
        var scan = LetterScan(platform.store, selector, state: .open, withPayload: true)
        var letters: [String: ArchivedLetter] = [:]
        while let page = try await scan.next() {
            for letter in page { letters[letter.jobID.description] = ArchivedLetter(letter) }
        }
        return letters
    }

    @Test func `an undo brings them back as well`() async throws {
        let bench = try CommandBench()
        try await bench.bury(3)
        let file = "\(bench.folder)/letters.ndjson"
        let drained = try await bench.run(list: ["dead", "drain", "--all", "--to", file, "--yes", "--json"]).object()
        let operation = try #require(drained["operation"] as? String)
        #expect(try await bench.run("operation", "undo", operation, "--yes").status == .ok)
        #expect(try await list(bench).count == 3)
    }

    @Test func `a damaged file brings back nothing, and says which line`() async throws {
        let bench = try CommandBench()
        try await bench.bury(3)
        let file = "\(bench.folder)/letters.ndjson"
        _ = try await bench.run(list: ["dead", "drain", "--all", "--to", file, "--yes"])
        let good = try String(contentsOfFile: file, encoding: .utf8)
        for (damage, reason) in [
            ("{\"id\": 1}\n", "no letter that dead drain wrote"), ("nonsense\n", "no letter that dead drain wrote"),
            (
                good.split(separator: "\n")[0].replacing("\"lane\":\"normal\"", with: "\"lane\":\"fast\"") + "\n",
                "lane is"
            ),
        ] {
            try (good + damage).write(toFile: file, atomically: true, encoding: .utf8)
            let answer = try await bench.run("dead", "import", file)
            #expect(answer.status == .failed && answer.err.contains("letters.ndjson:4: "), "\(answer.err)")
            #expect(answer.err.contains(reason))
            #expect(try await list(bench).isEmpty)
        }
        let cut = "\(bench.folder)/cut.ndjson.gz"
        try Data([0x1F, 0x8B, 8, 0, 0]).write(to: URL(filePath: cut))
        #expect(try await bench.run("dead", "import", cut).status == .failed)
    }

    @Test func `a table for people holds no formula`() async throws {
        let bench = try CommandBench()
        try await bench.bury(1) { letter, _ in letter.failure = Failure("bad", "=HYPERLINK(\"x\"), \"quoted\"") }
        let file = "\(bench.folder)/letters.csv"
        let answer = try await bench.run(list: ["dead", "drain", "--all", "--csv", "--copy", "--to", file, "--json"])
        #expect(try answer.object()["drained"] as? Int == 0 && answer.object()["written"] as? Int == 1)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("\"'=HYPERLINK(\"\"x\"\"), \"\"quoted\"\"\""))
        #expect(try await list(bench).count == 1, "a copy leaves them")
    }
}
