import Foundation

/// RabbitMQ nodes of one test alone, any of which may be killed (`scripts/broker-cluster`).
actor BrokerCluster {
    private let folder: String
    private let size: Int
    private let log = Undertaker.shared.folder + "/cluster.log"
    private var commands = 0

    /// - Parameters:
    ///   - folder: for their data; nil for one that the end of the run removes.
    ///   - size: three, or one.
    init(folder: String? = nil, size: Int = 3) {
        self.folder = folder ?? Undertaker.shared.folder + "/cluster"
        self.size = size
    }

    /// The `JOBS_…` variables that lead to all of them.
    func start() async throws -> [String: String] {
        try await run("start", "\(size)")
        return ShellExports.variables(in: try await run("env"))
    }

    func remove() async throws { try await run("remove") }
    func kill(_ node: Int) async throws { try await run("kill", "\(node)") }
    func stop(_ node: Int) async throws { try await run("stop", "\(node)") }
    func isUp(_ node: Int) async -> Bool { (try? await run("is-up", "\(node)")) != nil }
    func evaluate(_ erlang: String, on node: Int = 1) async throws { try await run("eval", "\(node)", erlang) }
    /// Returns when it answers.
    func start(_ node: Int) async throws { try await run("start-node", "\(node)") }

    func leader(of queue: String) async throws -> Int {
        let text = try await run("leader", queue)
        guard let number = Int(text.filter(\.isNumber)) else { throw StageError("no leader of \(queue): \(text)") }
        return number
    }

    /// Members of the queue that are online: those the broker counts, not those it knows.
    func online(_ queue: String) async throws -> Int {
        Int(try await run("online", queue).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    @discardableResult
    private func run(_ command: String, _ arguments: String...) async throws -> String {
        commands += 1
        let output = "\(log).\(commands).\(command)"
        let child = try ChildProcess(
            "/bin/bash",
            [Ground.checkout + "/scripts/broker-cluster", command, folder] + arguments,
            environment: ProcessInfo.processInfo.environment.filter { $0.key == "PATH" || $0.key == "JOBS_PORT_RANGE" },
            output: output,
            errors: log
        )
        guard await child.ended() == .status(0) else {
            let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw StageError("scripts/broker-cluster \(command) failed: \(said.suffix(1_000))")
        }
        return try String(contentsOfFile: output, encoding: .utf8)
    }
}
