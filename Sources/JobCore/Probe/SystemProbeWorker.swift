import Foundation

public struct SystemProbeWorker: Worker {
    private let mayCrash: Bool
    private let process: String

    /// Reads `JOBS_ALLOW_CRASH`: without it a payload cannot end this process.
    public init(_ resources: WorkerResources) {
        mayCrash = resources.environment["JOBS_ALLOW_CRASH"] == "1"
        process = "\(ProcessInfo.processInfo.processIdentifier)"
    }

    public func perform(_ job: SystemProbe, _ context: JobContext) async throws -> Outcome {
        if job.workMs > 0 {
            try await Task.sleep(for: .milliseconds(min(job.workMs, 600_000)))
        }
        if job.record { try await leaveEffect(job, context) }
        if context.attempt <= job.failAttempts {
            throw JobError.retry("probe_failure", "attempt \(context.attempt) was asked to fail")
        }
        switch job.outcome {
        case .done: return .done
        case .retry: return .retry(after: nil)
        case .dead: throw JobError.dead("probe_dead", "the probe was asked to die")
        case .crash:
            guard mayCrash else {
                throw JobError.dead("probe_crash_refused", "crash needs JOBS_ALLOW_CRASH=1 in the worker's environment")
            }
            abort()
        }
    }

    private func leaveEffect(_ job: SystemProbe, _ context: JobContext) async throws {
        let (id, attempt, process) = (context.id, context.attempt, process)
        try await context.transaction { session in
            try session.execute(
                """
                insert into probe_effects (job_id, attempt, process, at_ms, note)
                values (:id, :attempt, :process, (select now_ms()), :note)
                """,
                [
                    "id": .id(id), "attempt": .int(attempt), "process": .text(process),
                    "note": .scrubbed(job.note, maximumBytes: 1024),
                ]
            )
        }
    }
}

extension JobRegistry {
    /// The platform's own job types, in every program that runs workers.
    public mutating func registerSystemJobs() {
        guard types[SystemProbe.name] == nil else { return }
        register(SystemProbe.self) { SystemProbeWorker($0) }
        makeOptional(SystemProbe.name)
        demonstrate(.probes)
    }
}
