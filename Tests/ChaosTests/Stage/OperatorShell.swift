import Admin
import Foundation
import JobCore

/// Runs one verb after the other, as a person would, and measures each.
struct OperatorShell: Sendable {
    struct Answer {
        let status: Int32
        let output: Data
        let error: String
        let took: Duration
        /// Of resident memory, in bytes.
        let peak: Int64

        var object: [String: Any] { (try? JSONSerialization.jsonObject(with: output)) as? [String: Any] ?? [:] }
        var list: [[String: Any]] { (try? JSONSerialization.jsonObject(with: output)) as? [[String: Any]] ?? [] }
    }

    let ground: Ground

    /// A shell of another person on another machine: nothing but the platform's addresses is the same.
    var elsewhere: OperatorShell { OperatorShell(ground: ground.changed(["USER": "rui", "HOME": "/nowhere"])) }

    func run(_ arguments: String...) async throws -> Answer { try await run(list: arguments) }

    func run(list arguments: [String]) async throws -> Answer {
        let file = "\(ground.folder)/shell-\(UUID().uuidString.prefix(8))"
        let began = ContinuousClock.now
        let child = try ChildProcess(
            Ground.jobctl,
            arguments,
            environment: ground.environment,
            output: file + ".out",
            errors: file + ".err"
        )
        let peak = Task { await OperatorShell.peak(child) }
        let ending = await child.ended()
        let took = began.duration(to: .now)
        guard case .status(let status) = ending else { throw StageError("\(arguments) was killed: \(ending)") }
        return Answer(
            status: status,
            output: try Data(contentsOf: URL(filePath: file + ".out")),
            error: try String(contentsOfFile: file + ".err", encoding: .utf8),
            took: took,
            peak: await peak.value
        )
    }

    /// The kernel keeps the high-water mark; it is gone with the process, so it is read all the while.
    private static func peak(_ child: ChildProcess) async -> Int64 {
        var peak: Int64 = 0
        while child.isRunning {
            if let text = try? String(contentsOfFile: "/proc/\(child.pid)/status", encoding: .utf8),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
                let kilobytes = line.split(separator: " ").compactMap({ Int64($0) }).first
            {
                peak = max(peak, kilobytes << 10)
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return peak
    }

    func replayed(_ operation: String) async throws -> Int {
        try await ground.platform.store.replayRun(operation)?.progress.replayed ?? 0
    }

    func outcomes(_ operation: String) async throws -> [String: Int] {
        let answer = try await run("operation", "show", operation, "--json")
        let replay = answer.object["replay"] as? [String: Any]
        return replay?["outcomes"] as? [String: Int] ?? [:]
    }

    func open() async throws -> Int {
        try await run("dead", "groups", "--limit", "0", "--json").list.reduce(0) { $0 + ($1["count"] as? Int ?? 0) }
    }
}
