import Admin
import JobCore
import Synchronization

/// Keeps the queues filled until it is told that it is enough, and writes down what was promised.
final class Producer: Sendable {
    /// Fewer ready jobs than this: more are enqueued.
    private static let refillBelow = 1700
    private static let batch = 250

    private let sink: any ProbeSink
    private let backlog: Backlog
    private let history: History
    private let state: Mutex<(mix: ProbeMix, confirmed: Int, mayEnd: Bool)>

    init(sink: any ProbeSink, mix: ProbeMix, backlog: Backlog, history: History) {
        self.sink = sink
        self.backlog = backlog
        self.history = history
        state = Mutex((mix, 0, false))
    }

    var confirmed: Int { state.withLock { $0.confirmed } }

    /// Nothing keeps the load up any more; `run` returns when enough is confirmed.
    func mayEnd() {
        state.withLock { $0.mayEnd = true }
    }

    /// Returns when at least `target` probes are confirmed, the producer may end, and nothing is unconfirmed.
    func run(target: Int) async throws {
        var unconfirmed: [Probe] = []
        while true {
            try Task.checkCancellation()
            let isEnough = state.withLock { $0.mayEnd && $0.confirmed >= target }
            if isEnough, unconfirmed.isEmpty { return }
            let isLow = await backlog.measure() < Producer.refillBelow
            guard isLow || !unconfirmed.isEmpty else {
                try await Task.sleep(for: .milliseconds(50))
                continue
            }
            let fresh = isEnough || !isLow ? [] : state.withLock { $0.mix.next(Producer.batch) }
            unconfirmed = try await enqueue(unconfirmed + fresh)
            if !unconfirmed.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
        }
    }

    private func enqueue(_ probes: [Probe]) async throws -> [Probe] {
        try history.attempted(probes)
        let confirmed = try await sink.enqueue(probes)
        let open = probes.filter { !confirmed.contains($0.id) }
        try history.answered(confirmed: confirmed, unconfirmed: open.map(\.id))
        state.withLock { $0.confirmed += confirmed.count }
        return open
    }
}

/// How many jobs are ready, by the broker's own count.
final class Backlog: Sendable {
    private static let queues = Lane.allCases.map { QueueAddress("system", $0).name }
    private let broker: any Broker
    private let last = Mutex(0)

    init(_ ground: Ground) {
        broker = ground.platform.broker
    }

    /// The last known number while the broker is down: then nobody takes from it and nobody adds to it.
    func measure() async -> Int {
        await measureNow() ?? last.withLock { $0 }
    }

    /// Nil while the broker does not answer.
    func measureNow() async -> Int? {
        guard let depths = try? await broker.depths(Backlog.queues), depths.count == Backlog.queues.count else {
            return nil
        }
        let ready = depths.values.reduce(0) { $0 + $1.ready }
        last.withLock { $0 = ready }
        return ready
    }
}
