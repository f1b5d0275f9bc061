import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// docs/producers.md as a newcomer uses it: each block copied into a file, in an environment that has nothing but what
    /// the block's first line installs.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Producers` {
        @Test(arguments: Ground.profiles)
        func `enqueue as the page says`(_ profile: Profile) async throws {
            // The page's names have no prefix; the nodes are this test's own.
            let ground = try await Ground.prepare(
                profile,
                "producers",
                adding: profile == .cluster ? ["JOBS_PREFIX": ""] : [:]
            )
            let page = try ProducerPage()
            let served = try await Served(ground, allowing: ["system.*"])
            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            let venv = ground.folder + "/venv"
            try await served.run("/usr/bin/python3", ["-m", "venv", venv], log: "venv")
            let python = venv + "/bin/python"
            var wanted: Set<String> = ["http", "httpx", "batch 0", "batch 1", "batch 2"]
            try await page.install(["http_client.py"], served, python)
            try page.write("http.sh", to: ground.folder)
            try await served.run("/bin/bash", ["\(ground.folder)/http.sh"], log: "http")
            try page.write("http_client.py", to: ground.folder)
            try await served.run(python, ["\(ground.folder)/http_client.py"], log: "http-client")
            if profile == .cluster {
                wanted.formUnion(["checkin 7", "pika", "aio-pika"])
                try await cluster(page, served, python)
            }
            let ledger = Ledger(ground: ground)
            try await until("all have run") { try await ledger.notes() == wanted }
            #expect(try await ledger.dead() == 0)
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            #expect(await served.stop() == .status(0))
            await ground.platform.close()
        }

        private func cluster(_ page: ProducerPage, _ served: Served, _ python: String) async throws {
            let ground = served.ground
            let install = try ground.start(["outbox", "install"], log: "outbox")
            #expect(await install.ended() == .status(0))
            try await ground.platform.store.driver.write { session throws(StoreError) in
                try session.execute("drop table if exists public.visits")
                try session.execute("create table public.visits (venue_id bigint not null)")
            }
            let names = ["outbox_api.py", "pika_client.py", "aio_pika_client.py"]
            try await page.install(names, served, python)
            for name in names { try page.write(name, to: ground.folder) }
            let amqp = ground.environment["JOBS_BROKER_URL"] ?? ""
            for name in names.dropFirst() {
                try await served.run(python, ["\(ground.folder)/\(name)"], adding: ["AMQP_URL": amqp], log: name)
            }
            let database =
                (ground.environment["JOBS_DATABASE_URL"] ?? "").split(separator: "//", maxSplits: 1).last ?? ""
            let call = """
                import sys; sys.path.insert(0, '\(ground.folder)')
                from fastapi.testclient import TestClient
                import outbox_api
                answer = TestClient(outbox_api.app).post('/checkins/7')
                assert answer.status_code == 201, answer.text
                """
            try await served.run(
                python,
                ["-c", call],
                adding: ["DATABASE_URL": "postgresql+asyncpg://\(database)"],
                log: "outbox-api"
            )
            try await ground.platform.store.driver.write { session throws(StoreError) in
                try session.execute("drop table public.visits")
            }
        }
    }
}

/// The blocks of the page by the name in the comment above each.
private struct ProducerPage {
    private let blocks: [String: String]

    init() throws {
        let text = try String(contentsOfFile: Ground.checkout + "/docs/producers.md", encoding: .utf8)
        var blocks: [String: String] = [:]
        for part in text.components(separatedBy: "<!-- example: ").dropFirst() {
            let pieces = part.components(separatedBy: "```")
            guard pieces.count > 2, let name = part.components(separatedBy: " -->").first else { continue }
            blocks[name] = pieces[1].split(separator: "\n", maxSplits: 1).last.map(String.init)
        }
        self.blocks = blocks
    }

    private func block(_ name: String) throws -> String {
        guard let block = blocks[name] else { throw StageError("docs/producers.md has no example \(name)") }
        return block
    }

    func write(_ name: String, to folder: String) throws {
        try block(name).write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    /// What the first lines say.
    func install(_ names: [String], _ served: Served, _ python: String) async throws {
        var packages: Set<String> = []
        for name in names {
            let first = try block(name).split(separator: "\n").first ?? ""
            guard first.hasPrefix("# pip install ") else { throw StageError("\(name) does not say what it needs") }
            packages.formUnion(
                first.dropFirst("# pip install ".count).replacing("'", with: "").split(separator: " ").map(String.init)
            )
        }
        let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"] + packages.sorted()
        try await served.run(python, arguments, log: "pip-\(names[0])")
    }
}

extension Ledger {
    fileprivate func notes() async throws -> Set<String> {
        let rows = try await ground.platform.store.driver.read { session throws(StoreError) in
            try session.query("select note from probe_effects where note is not null")
        }
        return Set(try rows.map { try $0.text("note") })
    }
}
