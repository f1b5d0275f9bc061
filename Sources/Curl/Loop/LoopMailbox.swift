internal import CCurl
import Synchronization

/// Where tasks leave work for a loop's thread. The one thing both sides touch.
final class LoopMailbox: Sendable {
    struct Submission: Sendable {
        let plan: TransferPlan
        let cancellation: CancellationFlag
        let continuation: CheckedContinuation<TransferResult, Never>
    }

    struct Intake {
        var submissions: [Submission] = []
        var isStopping = false
        /// A running transfer was cancelled since the last look.
        var hasCancellation = false
    }

    private struct State {
        var intake = Intake()
        /// nil once the thread is gone: waking a freed handle would be a fault.
        var multi: MultiHandle?
    }

    private let state: Mutex<State>

    init(multi: MultiHandle?) {
        state = Mutex(State(multi: multi))
    }

    func submit(_ submission: Submission) {
        let accepted = state.withLock { state in
            guard !state.intake.isStopping, let multi = state.multi else { return false }
            state.intake.submissions.append(submission)
            curl_multi_wakeup(multi.pointer)
            return true
        }
        if !accepted { submission.continuation.resume(returning: TransferResult(failure: .closed)) }
    }

    func noteCancellation() {
        state.withLock { state in
            state.intake.hasCancellation = true
            if let multi = state.multi { curl_multi_wakeup(multi.pointer) }
        }
    }

    func stop() {
        state.withLock { state in
            state.intake.isStopping = true
            if let multi = state.multi { curl_multi_wakeup(multi.pointer) }
        }
    }

    /// For the loop's thread.
    func collect() -> Intake {
        state.withLock { state in
            defer { state.intake = Intake(isStopping: state.intake.isStopping) }
            return state.intake
        }
    }

    /// The thread ends: nothing is accepted and nobody wakes the handle from here on.
    func close() -> [Submission] {
        state.withLock { state in
            state.multi = nil
            state.intake.isStopping = true
            defer { state.intake.submissions = [] }
            return state.intake.submissions
        }
    }
}

/// A multi handle on its way to the thread that owns it from then on. Sendable because elsewhere it is used for
/// `curl_multi_wakeup` alone, the one function libcurl allows from any thread.
struct MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
}
