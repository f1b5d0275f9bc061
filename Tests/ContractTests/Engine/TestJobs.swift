import JobCore

struct AlphaJob: Job {
    static let name: JobName = "alpha.work"
    static let version = 2
    var number: Int

    /// Version 1 called it `n`.
    static func upcast(_ payload: [UInt8], from version: Int) throws -> [UInt8] {
        Array(String(decoding: payload, as: UTF8.self).replacing("\"n\"", with: "\"number\"").utf8)
    }
}

struct BetaJob: Job {
    static let name: JobName = "beta.work"
    var number: Int
}

/// What a test wants its jobs to do.
typealias Script = @Sendable (_ number: Int, _ context: JobContext) async throws -> Outcome

struct AlphaWorker: Worker {
    let journal: Journal
    let script: Script

    func perform(_ job: AlphaJob, _ context: JobContext) async throws -> Outcome {
        try await journal.write("alpha", job.number, context) { try await script(job.number, context) }
    }
}

struct BetaWorker: Worker {
    let journal: Journal
    let script: Script

    func perform(_ job: BetaJob, _ context: JobContext) async throws -> Outcome {
        try await journal.write("beta", job.number, context) { try await script(job.number, context) }
    }
}
