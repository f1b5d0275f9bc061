import Testing

@testable import JobCore

@Suite(.timeLimit(.minutes(1))) struct `Running attempts` {
    private let start = ContinuousClock.Instant.now

    private func sleeper() -> Task<Void, Never> {
        Task { try? await Task.sleep(for: .seconds(600)) }
    }

    @Test func `only what is past its deadline is cancelled, with that reason`() async {
        let running = RunningAttempts()
        let (late, early) = (sleeper(), sleeper())
        let lateKey = running.begin(JobID(), "a.b", deadline: start + .seconds(1))
        let earlyKey = running.begin(JobID(), "a.b", deadline: start + .seconds(100))
        running.attach(late, to: lateKey)
        running.attach(early, to: earlyKey)
        running.cancelOverdue(now: start + .seconds(2))
        await late.value
        #expect(running.cancellation(lateKey) == .deadline)
        #expect(running.cancellation(earlyKey) == nil)
        #expect(!early.isCancelled)
        early.cancel()
    }

    @Test func `a missed deadline stays the reason when the process drains afterwards`() {
        let running = RunningAttempts()
        let key = running.begin(JobID(), "a.b", deadline: start)
        running.cancelOverdue(now: start + .seconds(1))
        running.cancelAll()
        #expect(running.cancellation(key) == .deadline)
    }

    @Test func `a task that is attached after its cancellation is cancelled at once`() async {
        let running = RunningAttempts()
        let key = running.begin(JobID(), "a.b", deadline: start)
        running.cancelAll()
        let task = sleeper()
        running.attach(task, to: key)
        await task.value
        #expect(running.cancellation(key) == .drain)
    }

    @Test func `it is idle when the last has ended`() async {
        let running = RunningAttempts()
        await running.idle()
        let keys = (0..<3).map { _ in running.begin(JobID(), "a.b", deadline: start) }
        async let idle: Void = running.idle()
        for key in keys { running.end(key) }
        await idle
        #expect(running.snapshot.isEmpty)
    }

    @Test func `the longest-running comes first`() {
        let running = RunningAttempts()
        let ids = (0..<5).map { _ in JobID() }
        for id in ids { _ = running.begin(id, "a.b", deadline: start) }
        #expect(running.snapshot.map(\.id) == ids)
    }
}
