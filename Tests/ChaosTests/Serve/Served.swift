import Foundation
import JobCore

/// A platform with `jobctl serve` on it, and a key.
struct Served: Sendable {
    let ground: Ground
    let server: ChildProcess
    /// `JOBS_API` and `JOBS_KEY`, for programs.
    let variables: [String: String]

    init(_ ground: Ground, allowing patterns: [String]) async throws {
        self.ground = ground
        let allow = patterns.flatMap { ["--allow", $0] }
        let key = try ground.start(
            ["key", "create", "test", "--read"] + allow,
            log: "key-errors",
            output: "\(ground.folder)/key"
        )
        guard await key.ended() == .status(0) else { throw StageError("no key: see key-errors.log") }
        let token = try String(contentsOfFile: "\(ground.folder)/key", encoding: .utf8)
        let port = try FreePort.take()
        server = try ground.start(["serve", "--listen", "127.0.0.1:\(port)"], log: "serve")
        try await until("it listens") { FreePort.isOpen(port) }
        variables = [
            "JOBS_API": "http://127.0.0.1:\(port)", "JOBS_KEY": token.trimmingCharacters(in: .whitespacesAndNewlines),
        ]
    }

    func stop() async -> ChildProcess.Ending {
        server.signal(SIGTERM)
        return await server.ended()
    }

    /// Runs a program with the variables; its output, or an error with it.
    @discardableResult
    func run(_ program: String, _ arguments: [String], adding more: [String: String] = [:], log: String) async throws
        -> String
    {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("JOBS_") }
        environment.merge(variables) { $1 }
        environment.merge(more) { $1 }
        let path = "\(ground.folder)/\(log).log"
        // In the test's own folder: some programs leave files where they stand.
        let child = try ChildProcess(
            "/usr/bin/env",
            ["-C", ground.folder, program] + arguments,
            environment: environment,
            output: path
        )
        let ending = await child.ended()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard ending == .status(0) else { throw StageError("\(log): \(ending)\n\(text.suffix(4_000))") }
        return text
    }
}
