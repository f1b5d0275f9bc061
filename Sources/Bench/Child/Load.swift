import Foundation
import JobCore
import Synchronization

/// Sends `count` probes through a client. Both ways answer with the durations of the calls, µs.
struct Load: Sendable {
    let client: JobClient
    let count: Int

    /// Each caller waits for its confirmation before it calls again.
    func closed(callers: Int, batch: Int) async throws -> [Int64] {
        let next = Counter(limit: count)
        return try await withThrowingTaskGroup(of: [Int64].self) { group in
            for _ in 0..<callers {
                group.addTask {
                    var calls: [Int64] = []
                    while let numbers = next.take(batch) {
                        let began = Clock.wall
                        try await send(numbers)
                        calls.append(Clock.wall - began)
                    }
                    return calls
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func send(_ numbers: Range<Int>) async throws {
        guard numbers.count > 1 else {
            try await client.enqueue(BenchProbe(number: numbers.lowerBound))
            return
        }
        let requests = try numbers.map { number in
            EnqueueRequest(job: BenchProbe.name, payload: try PayloadCoding.encode(BenchProbe(number: number)))
        }
        for result in await client.enqueue(requests) { _ = try result.get() }
    }

    /// An open loop: job *i* is due at *i* / rate, and that instant travels with it, so that a late call counts as late.
    func paced(rate: Int) async throws -> [Int64] {
        let (due, pacer) = AsyncStream.makeStream(of: (number: Int, at: Int64).self)
        let began = Clock.wall + 100_000
        let thread = Thread { [count] in
            for number in 0..<count {
                let at = began + Int64(number) * 1_000_000 / Int64(rate)
                Clock.sleep(until: at)
                pacer.yield((number, at))
            }
            pacer.finish()
        }
        thread.name = "pacer"
        thread.start()
        return try await withThrowingTaskGroup(of: Int64.self) { group in
            for await job in due {
                group.addTask {
                    try await client.enqueue(BenchProbe(number: job.number, sentAt: job.at))
                    return Clock.wall - job.at
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}

/// Hands out the numbers below a limit, each once.
private final class Counter: Sendable {
    private let limit: Int
    private let next = Atomic(0)

    init(limit: Int) {
        self.limit = limit
    }

    func take(_ count: Int) -> Range<Int>? {
        let first = next.add(count, ordering: .relaxed).oldValue
        return first < limit ? first..<min(first + count, limit) : nil
    }
}
