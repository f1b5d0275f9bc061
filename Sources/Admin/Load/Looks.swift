import JobCore
import Synchronization

/// What a run has seen so far, shared between who enqueues and who looks on.
final class Looks: Sendable {
    private struct State {
        var samples: [LoadSample] = []
        var confirmed = 0
        var refused: [String: Int] = [:]
        var flying = 0
    }

    private let state = Mutex(State())

    var samples: [LoadSample] { state.withLock { $0.samples } }
    var confirmed: Int { state.withLock { $0.confirmed } }
    var refused: [String: Int] { state.withLock { $0.refused } }
    /// Calls without an answer.
    var flying: Int { state.withLock { $0.flying } }

    func add(_ sample: LoadSample) { state.withLock { $0.samples.append(sample) } }
    func sent() { state.withLock { $0.flying += 1 } }

    func answered(_ answers: [Result<Enqueued, EnqueueError>]) {
        state.withLock { state in
            state.flying -= 1
            for answer in answers {
                switch answer {
                case .success: state.confirmed += 1
                case .failure(let error): state.refused[error.label, default: 0] += 1
                }
            }
        }
    }
}
