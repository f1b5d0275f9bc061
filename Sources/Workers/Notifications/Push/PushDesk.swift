import JobCore

/// What pushes read and write, for all that run at the same time in one statement: a transaction for each would be what a
/// broadcast waits for.
final class PushDesk: Sendable {
    struct Question: Sendable {
        let user: String
        let job: JobID
    }

    struct Findings: Sendable {
        let job: JobID
        let user: String
        var records: [MessageRecord] = []
        var captures: [(recipient: String, content: [UInt8])] = []
        /// Tokens that are not valid any more, as the provider knows since then.
        var gone: [(device: Device, since: Timestamp?)] = []
        /// Claims to be given back: the provider has surely not taken these.
        var untaken: [String] = []

        init(job: JobID, user: String) {
            self.job = job
            self.user = user
        }

        var isEmpty: Bool { records.isEmpty && gone.isEmpty && untaken.isEmpty }
    }

    private let reads = GatheredReads<Question, ([Device], [MessageRecord])> { session, questions throws(StoreError) in
        let devices = try session.devices(ofAll: Set(questions.map(\.user)))
        let messages = try session.messages(ofAll: Set(questions.map(\.job)))
        return questions.map { (devices[$0.user] ?? [], messages[$0.job] ?? []) }
    }

    private let writes = GatheredWrites<Findings> { session, all throws(StoreError) in
        try session.keep(all.flatMap { findings in findings.records.map { (findings.job, $0) } })
        for findings in all where !findings.untaken.isEmpty {
            try session.withdraw(findings.untaken, of: findings.job)
        }
        try session.capture(
            all.flatMap { findings in
                findings.captures.map { (findings.job, findings.user, $0.recipient, $0.content) }
            },
            .push
        )
        let gone = all.flatMap(\.gone)
        guard !gone.isEmpty else { return }
        // By the store's clock where the provider names no instant.
        let now = try session.now()
        try session.forget(gone.map { ($0.device, $0.since ?? now) })
    }

    func look(
        _ question: Question,
        _ context: JobContext
    ) async throws(StoreError) -> (devices: [Device], messages: [MessageRecord]) {
        try await reads.read(question, context)
    }

    func keep(_ findings: Findings, _ context: JobContext) async throws(StoreError) {
        try await writes.write(findings, context)
    }
}
