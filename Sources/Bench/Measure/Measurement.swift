import Admin
import Foundation
import JobCore

/// One profile under load: starts the processes and turns what they report into figures.
struct Measurement: Sendable {
    let platform: Platform
    let scale: Scale
    /// Of the processes started.
    let environment: [String: String]
    let note: @Sendable (String) -> Void

    func child(_ verb: String, _ options: [String: Int]) throws -> ChildProcess {
        try ChildProcess([verb] + options.flatMap { ["--\($0)", "\($1)"] }, environment: environment)
    }

    /// Runs a child that reports and ends.
    func outcome<T: Decodable & Sendable>(of verb: String, _ options: [String: Int], _ type: T.Type) async throws -> T {
        let child = try child(verb, options)
        let report = try await child.report(type)
        await child.ended()
        return report
    }

    func enqueue(_ count: Int, callers: Int, batch: Int = 1) async throws -> EnqueueReport {
        try await outcome(of: "enqueue", ["count": count, "callers": callers, "batch": batch], EnqueueReport.self)
    }

    /// Runs `load` beside a worker that already fetches; answers when the worker has started all the jobs and drained.
    func working<T>(expecting count: Int, _ load: () async throws -> T) async throws -> (T, WorkReport) {
        let worker = try child("work", ["expect": count])
        try await consumer()
        let value = try await load()
        let report = try await worker.report(WorkReport.self)
        await worker.stop()
        try await checkEmpty()
        return (value, report)
    }

    func depth() async throws -> QueueDepth {
        guard let depth = try await platform.broker.depths([BenchStage.queue])[BenchStage.queue] else {
            throw BenchFailure("the queue of the bench is not declared")
        }
        return depth
    }

    func consumer() async throws {
        try await wait("a worker that fetches") { try await depth().consumers > 0 }
    }

    /// A job that is still there was not acknowledged: the figure would be worth nothing.
    func checkEmpty() async throws {
        try await wait("an empty queue") { try await depth().ready == 0 }
    }

    func waitForReady(_ count: Int) async throws {
        try await wait("\(count) ready jobs") { try await depth().ready >= count }
    }

    private func wait(_ subject: String, _ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            guard ContinuousClock.now < end else { throw BenchFailure("waited for \(subject) in vain") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
