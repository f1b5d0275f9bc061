/// One call of `publish`: its messages, how far they were sent, and what became of each.
final class PublishBatch {
    let messages: [AMQPMessage]
    let deadline: Instant
    /// Index of the first message not yet sent.
    private(set) var next = 0
    private var settled: [Bool]
    private var failures: [Int: AMQPPublishError] = [:]
    private var unsettled: Int
    private var continuation: CheckedContinuation<[Result<Void, AMQPPublishError>], Never>?

    init(
        _ messages: [AMQPMessage],
        deadline: Instant,
        continuation: CheckedContinuation<[Result<Void, AMQPPublishError>], Never>
    ) {
        self.messages = messages
        self.deadline = deadline
        self.continuation = continuation
        settled = Array(repeating: false, count: messages.count)
        unsettled = messages.count
    }

    var isFinished: Bool { unsettled == 0 }
    var isAllSent: Bool { next == messages.count }
    var waiting: Int { messages.count - next }

    func sentNext() { next += 1 }

    /// The first outcome of a message counts. Resumes the caller with the last one.
    func settle(_ index: Int, _ failure: AMQPPublishError?) {
        guard !settled[index] else { return }
        settled[index] = true
        failures[index] = failure
        unsettled -= 1
        if unsettled == 0 { finish() }
    }

    /// Nothing more of it is sent: the rest ends with `unsent`. What was sent waits on.
    func abandonUnsent(_ unsent: AMQPPublishError) {
        let first = next
        next = messages.count
        for index in first..<messages.count { settle(index, unsent) }
    }

    /// The deadline has come: what was sent is unconfirmed.
    func expire(unsent: AMQPPublishError) {
        abandonUnsent(unsent)
        for index in messages.indices { settle(index, .unconfirmed) }
    }

    private func finish() {
        let failures = failures
        let results = messages.indices.map { index -> Result<Void, AMQPPublishError> in
            failures.isEmpty ? .success(()) : failures[index].map { .failure($0) } ?? .success(())
        }
        continuation?.resume(returning: results)
        continuation = nil
    }
}
