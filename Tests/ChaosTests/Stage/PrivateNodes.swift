import Foundation

/// RabbitMQ and PostgreSQL of this test run alone: they are killed, so they are nobody else's.
actor PrivateNodes {
    static let shared = PrivateNodes()

    private let folder = Undertaker.shared.folder + "/nodes"
    private let log = Undertaker.shared.folder + "/nodes.log"
    private var starting: Task<[String: String], any Error>?
    private var commands = 0

    /// Starts both at the first call; the `JOBS_…` variables that lead to them.
    func environment() async throws -> [String: String] {
        if let starting { return try await starting.value }
        let task = Task {
            try await self.run("start")
            return ShellExports.variables(in: try await self.run("env"))
        }
        starting = task
        return try await task.value
    }

    /// `kill-broker`, `start-broker`, `kill-postgres`, `start-postgres`: each returns when it has happened.
    func command(_ name: String) async throws {
        try await run(name)
    }

    /// Evaluates Erlang in the broker.
    func evaluate(_ erlang: String) async throws {
        try await run("ctl", ["eval", erlang])
    }

    /// The message at a quorum queue's head, as JSON; the queue does not notice.
    func peek(_ queue: String) async throws -> String {
        try await run("peek", [queue])
    }

    func purge(_ queue: String) async throws {
        try await run("ctl", ["purge_queue", "--vhost", "jobs", queue])
    }

    /// A user without any right, on the tests' virtual host.
    func addUser(_ name: String, password: String) async throws {
        try await run("ctl", ["add_user", name, password])
    }

    /// The broker's process number; nil while it does not run.
    nonisolated var brokerPID: pid_t? {
        let text = try? String(contentsOfFile: folder + "/broker.pid", encoding: .utf8)
        return text.flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    @discardableResult
    private func run(_ command: String, _ arguments: [String] = []) async throws -> String {
        commands += 1
        let output = "\(folder).\(commands).\(command)"
        let child = try ChildProcess(
            "/bin/bash",
            [Ground.nodesScript, command, folder] + arguments,
            environment: ProcessInfo.processInfo.environment.filter { $0.key == "PATH" || $0.key == "JOBS_PORT_RANGE" },
            output: output,
            errors: log
        )
        guard await child.ended() == .status(0) else {
            let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw StageError("scripts/nodes \(command) failed (needs: scripts/deps cluster): \(said.prefix(1000))")
        }
        return try String(contentsOfFile: output, encoding: .utf8)
    }
}
