import Admin
import Foundation
import JobCore
import Synchronization

/// A way to enqueue. What it does not return is unconfirmed, and is enqueued again with the same id, as callers are told.
protocol ProbeSink: Sendable {
    /// The confirmed ids. Throws only what trying again would not mend.
    func enqueue(_ probes: [Probe]) async throws -> Set<JobID>
}

/// Through `JobClient`, over connections that live as long as the campaign.
struct ClientSink: ProbeSink {
    private let client: JobClient

    init(_ ground: Ground) {
        client = JobClient(broker: ground.platform.broker, store: ground.platform.store, publishDeadline: .seconds(3))
    }

    func enqueue(_ probes: [Probe]) async throws -> Set<JobID> {
        var confirmed: Set<JobID> = []
        for result in await client.enqueue(try probes.map { try $0.request }) {
            switch result {
            case .success(let job): confirmed.insert(job.id)
            case .failure(let error) where error.isRetryable: continue
            case .failure(let error): throw StageError("enqueue refused for good: \(error)")
            }
        }
        return confirmed
    }
}

/// Through a `jobctl enqueue --ndjson` of its own for each batch: a producer that can be killed.
final class ProcessSink: ProbeSink {
    private let ground: Ground
    private let current = Mutex<(child: ChildProcess?, batches: Int)>((nil, 0))

    init(_ ground: Ground) {
        self.ground = ground
    }

    func enqueue(_ probes: [Probe]) async throws -> Set<JobID> {
        let number = current.withLock { current in
            current.batches += 1
            return current.batches
        }
        let batch = "\(ground.folder)/batch-\(number)"
        let lines = try probes.map { try $0.line }.joined(separator: "\n")
        try Data((lines + "\n").utf8).write(to: URL(filePath: batch + ".in"))
        let child = try ground.start(
            ["enqueue", SystemProbe.name.rawValue, "--ndjson", batch + ".in"],
            log: "enqueue",
            output: batch + ".out"
        )
        current.withLock { $0.child = child }
        let ending = await child.ended()
        defer { for suffix in [".in", ".out"] { try? FileManager.default.removeItem(atPath: batch + suffix) } }
        switch ending {
        case .status(0), .status(4), .signal(SIGKILL): break
        default: throw StageError("jobctl enqueue ended with \(ending); see \(ground.folder)/enqueue.log")
        }
        return Set(ProcessSink.wholeLines(try String(contentsOfFile: batch + ".out", encoding: .utf8)))
    }

    /// A killed process may leave half a line.
    private static func wholeLines(_ text: String) -> [JobID] {
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().compactMap { JobID($0) }
    }

    var isEnqueueing: Bool { current.withLock { $0.child?.isRunning ?? false } }

    /// Kills the process that enqueues now; false when none does.
    func killCurrent() -> Bool {
        current.withLock { $0.child?.signal(SIGKILL) ?? false }
    }
}
