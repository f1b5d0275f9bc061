import Synchronization

/// Counts the starts of probes in the worker's process and tells, once, when as many have come as were expected.
final class StartRecorder: Sendable {
    private struct State {
        var count = 0
        var began: (wall: Int64, cpu: Int64)?
        var latencies: [Int64] = []
    }

    let reports: AsyncStream<WorkReport>
    private let sink: AsyncStream<WorkReport>.Continuation
    private let expected: Int
    private let state: Mutex<State>

    init(expected: Int) {
        self.expected = expected
        (reports, sink) = AsyncStream.makeStream()
        var state = State()
        state.latencies.reserveCapacity(min(expected, 1 << 20))
        self.state = Mutex(state)
    }

    /// - Parameter sentAt: µs since 1970, 0 for none.
    func started(sentAt: Int64) {
        let isLast = state.withLock { state in
            if state.count == 0 { state.began = (Clock.wall, Clock.cpu) }
            state.count += 1
            if sentAt > 0 { state.latencies.append(Clock.wall - sentAt) }
            return state.count == expected
        }
        if isLast { report() }
    }

    private func report() {
        let (wall, cpu) = (Clock.wall, Clock.cpu)
        let state = state.withLock { $0 }
        let began = state.began ?? (wall, cpu)
        sink.yield(
            WorkReport(
                count: state.count,
                beganAt: began.wall,
                endedAt: wall,
                cpu: cpu - began.cpu,
                peakMemory: ProcessUsage.own.peakMemory,
                latency: Percentiles(state.latencies)
            )
        )
        sink.finish()
    }
}
