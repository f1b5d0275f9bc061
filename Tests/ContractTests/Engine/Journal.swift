import JobCore
import Synchronization

/// Which attempts have run, in the order of their beginning.
final class Journal: Sendable {
    struct Line: Sendable, Equatable {
        let job: String
        let number: Int
        let id: JobID
        let attempt: Int
        let began: Timestamp
        /// True when the script returned, whatever it returned.
        var returned = false
    }

    private struct State {
        var lines: [Line] = []
        var running = 0
        var mostRunning = 0
    }

    private let state = Mutex(State())
    private let signal: Signal

    init(_ signal: Signal) {
        self.signal = signal
    }

    var lines: [Line] { state.withLock { $0.lines } }
    var returned: [Line] { lines.filter(\.returned) }
    var running: Int { state.withLock { $0.running } }
    var mostRunning: Int { state.withLock { $0.mostRunning } }

    func write(
        _ job: String,
        _ number: Int,
        _ context: JobContext,
        _ body: () async throws -> Outcome
    ) async throws -> Outcome {
        let position = state.withLock { state in
            state.running += 1
            state.mostRunning = max(state.mostRunning, state.running)
            state.lines.append(
                Line(job: job, number: number, id: context.id, attempt: context.attempt, began: .now())
            )
            return state.lines.count - 1
        }
        signal.ring()
        defer {
            state.withLock { $0.running -= 1 }
            signal.ring()
        }
        let outcome = try await body()
        state.withLock { $0.lines[position].returned = true }
        return outcome
    }
}
