import Foundation
import JobCore
import Testing

@testable import Admin

extension CommandBench {
    struct Mail: Job {
        static let name: JobName = "mail.send"
        var to: String
        var copies: Int?
    }

    struct Mailer: Worker {
        func perform(_ job: Mail, _ context: JobContext) async throws -> Outcome { .done }
    }

    /// With the one type that the bench's declarations have.
    static var registry: JobRegistry {
        var registry = JobRegistry()
        registry.register(Mail.self) { _ in Mailer() }
        return registry
    }
}

@Suite struct `Brakes from the command line` {
    @Test func `a breaker is opened, tried and closed, and queues say so`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        var list = try await bench.run("breaker", "list", "--json").list()
        #expect(list.map { $0["state"] as? String } == ["closed"])
        let opened = try await bench.run(
            list: ["breaker", "open", "smtp", "--for", "10m", "--reason", "their status page", "--json"]
        )
        #expect(try opened.object()["state"] as? String == "open")
        list = try await bench.run("breaker", "list", "--json").list()
        #expect(list.first?["held"] as? Bool == true && list.first?["queues"] as? [String] == ["mail"])
        let queues = try await bench.run("queues", "--json").list().filter { $0["queue"] as? String == "mail" }
        #expect(queues.count == 2 && queues.allSatisfy { $0["state"] as? String == "parked" && $0["until"] is String })
        let text = try await bench.run("queues").out
        #expect(text.contains("mail is parked: the breaker of smtp is open: opened by ana: their status page"))
        #expect(try await bench.run("breaker", "probe", "smtp", "--json").object()["state"] as? String == "half_open")
        #expect(try await bench.run("breaker", "close", "smtp", "--json").object()["state"] as? String == "closed")
        let again = try await bench.run("breaker", "probe", "smtp")
        #expect(again.status == .failed && again.err.contains("is closed"))
        let operations = try await bench.operations()
        #expect(operations == ["breaker.open", "breaker.probe", "breaker.close"])
    }

    @Test(arguments: [
        (["breaker", "open", "smpt"], "one of smtp"), (["breaker", "open", "smtp", "--for", "soon"], "a duration"),
        (["limit", "set", "none", "--rate", "1/s"], "mails_a_day"), (["limit", "set", "mails_a_day"], "--budget 1000"),
        (["limit", "set", "mails_a_second", "--budget", "5"], "--rate 50/s"),
        (["limit", "set", "mails_a_second", "--rate", "fast"], "50/s"),
        (["limit", "set", "mails_at_once", "--concurrency", "0"], "job-type pause"),
        (["job-type", "pause", "mail.sand"], "mail.send"), (["queue", "pause", "mial"], "mail"),
    ])
    func `a word that nobody knows is refused with those that are known`(
        arguments: [String],
        remedy: String
    ) async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        let answer = try await bench.run(list: arguments)
        #expect(answer.status == .usage && answer.err.contains(remedy), "\(answer.err)")
        #expect(try await bench.operations().isEmpty)
    }

    @Test func `a limit is changed and comes back`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        let changed = try await bench.run(
            list: [
                "limit", "set", "mails_a_second", "--rate", "50/s", "--burst", "5", "--reason", "they ask for it",
                "--json",
            ]
        )
        #expect(try changed.object()["before"] as? String == "100/1s burst 10")
        #expect(try changed.object()["after"] as? String == "50/1s burst 5")
        var rows = try await bench.run("limit", "list", "--json").list()
        var row = rows.first { $0["limit"] as? String == "mails_a_second" }
        #expect(row?["amount"] as? Int == 50 && row?["set_by"] as? String == "ana")
        #expect(try await bench.run("limit", "reset", "mails_a_second").status == .ok)
        rows = try await bench.run("limit", "list", "--json").list()
        row = rows.first { $0["limit"] as? String == "mails_a_second" }
        #expect(row?["amount"] as? Int == 100 && row?["set_by"] is NSNull)
    }

    @Test func `what one person has used is forgotten, and no value of a personal field is kept`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        let limit = try Manifest.load(directory: bench.folder + "/jobs").limits["mails_a_person"]
        let person = try #require(limit)
        let keys = ["ana@example.com", "sam@example.com"].map { person.key(in: ["to": $0], isPersonal: true) ?? "" }
        try await bench.withPlatform { platform in
            for key in keys {
                let ask = LimitAsk(
                    job: JobID(),
                    queue: "mail",
                    worker: "w",
                    shares: [.init(person, key: key)],
                    patience: .zero,
                    holding: .seconds(60)
                )
                let answers = try await platform.store.admit([ask])
                #expect(answers == [.granted(after: .zero)])
            }
        }
        func used() async throws -> Int? {
            let row = try await bench.run("limit", "list", "--json").list()
                .first { $0["limit"] as? String == "mails_a_person" }
            return row?["keys"] as? Int
        }
        #expect(try await used() == 2)
        #expect(try await bench.run("limit", "reset", "mails_a_person", "--key", "ana@example.com").status == .ok)
        #expect(try await used() == 1)
        #expect(keys.allSatisfy { !$0.contains("example") && $0.hasPrefix("sha256:") })
        let wrong = try await bench.run("limit", "reset", "mails_a_day", "--key", "x")
        #expect(wrong.status == .usage && wrong.err.contains("leave --key out"))
    }

    @Test func `a queue and a type are paused and go on`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        #expect(try await bench.run("queue", "pause", "mail", "--for", "1h").status == .ok)
        let row = try await bench.run("queues", "--json").list().first { $0["queue"] as? String == "mail" }
        #expect(row?["state"] as? String == "paused" && row?["reason"] as? String == "paused by ana")
        #expect(try await bench.run("queue", "resume", "mail", "--json").object()["state"] as? String == "running")
        #expect(try await bench.run("job-type", "pause", "mail.send", "--reason", "wrong text").status == .ok)
        let types = try await bench.run("job-type", "list", "--json").list()
        #expect(types.map { $0["state"] as? String } == ["paused", "running"])
        #expect(try await bench.run("job-type", "resume", "mail.send").out.contains("goes on, 0 jobs come back"))
    }
}

@Suite struct `The contract with producers` {
    /// Where the official schemas are at hand (`JOBS_TEST_DATA`), they are asked too.
    private static let official: String? = {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL
        let root = checkout.deletingLastPathComponent().appending(path: "shared/data").path
        let data = ProcessInfo.processInfo.environment["JOBS_TEST_DATA"] ?? root
        let path = "\(data)/contracts/asyncapi-3.0.0.schema.json"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    @Test func `is written as AsyncAPI and JSON Schema, and holds against itself`() async throws {
        let bench = try CommandBench()
        let folder = bench.folder + "/contract"
        let written = try await bench.run("contract", "export", "--out", folder, registry: CommandBench.registry)
        #expect(written.status == .ok, "\(written.err)")
        let schema = try #require(FileManager.default.contents(atPath: "\(folder)/schemas/mail.send.v1.json"))
        let object = try #require(try JSONSerialization.jsonObject(with: schema) as? [String: Any])
        #expect(object["required"] as? [String] == ["to"])
        let check = try await bench.run(
            "contract",
            "check",
            "--against",
            "\(folder)/asyncapi.json",
            registry: CommandBench.registry
        )
        #expect(check.status == .ok && check.out.contains("still taken"))
        if let official = Self.official, let python = Self.python {
            let script = """
                import json, sys
                from jsonschema import Draft7Validator
                Draft7Validator(json.load(open(sys.argv[1]))).validate(json.load(open(sys.argv[2])))
                schema = json.load(open(sys.argv[3]))
                Draft7Validator.check_schema(schema)
                for example in schema["examples"]: Draft7Validator(schema).validate(example)
                """
            let process = Process()
            process.executableURL = URL(filePath: python)
            process.arguments = [
                "-c", script, official, "\(folder)/asyncapi.json", "\(folder)/schemas/mail.send.v1.json",
            ]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "the official schema says no")
        }
    }

    private static var python: String? {
        let path = ProcessInfo.processInfo.environment["JOBS_TEST_PYTHON"] ?? ""
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    @Test func `says which change breaks producers`() async throws {
        let bench = try CommandBench()
        let folder = bench.folder + "/contract"
        _ = try await bench.run("contract", "export", "--out", folder, registry: CommandBench.registry)
        let path = "\(folder)/asyncapi.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        // As it was when the recipient could be left out and copies could be a text, and with a lane that is gone.
        try text.replacing("\"required\" : [\n          \"to\"\n        ],", with: "")
            .replacing("\"mail.send.bulk\"", with: "\"mail.send.high\"")
            .replacing("\"integer\"", with: "\"string\"")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let check = try await bench.run(
            "contract",
            "check",
            "--against",
            path,
            "--json",
            registry: CommandBench.registry
        )
        #expect(check.status == .checkFailed)
        let breaking = try #require(try check.object()["breaking"] as? [String])
        #expect(breaking.contains("routing key mail.send.high: no queue takes it any more"))
        #expect(breaking.contains("mail.send.v1: payload.to must be there now"))
        #expect(breaking.contains("mail.send.v1: payload.copies may no longer be string"))
    }

    @Test func `a file that is no contract is refused`() async throws {
        let bench = try CommandBench()
        let answer = try await bench.run(
            "contract",
            "check",
            "--against",
            "/etc/hostname",
            registry: CommandBench.registry
        )
        #expect(answer.status == .usage && answer.err.contains("no exported contract"))
    }
}

extension CommandBench {
    /// Kinds of what was done, in order.
    func operations() async throws -> [String] {
        try await withPlatform { platform in
            try await platform.store.driver.read { session throws(StoreError) in
                try session.query(
                    "select kind from operations where kind not like 'migrate%' and kind not like 'topology%' order by at_ms, id"
                )
                .map { row throws(StoreError) in try row.text("kind") }
            }
        }
    }
}
