import Synchronization

/// The door in front of the curl threads: bounds what runs and what waits, and gives each caller a slot number.
package final class TransferGate: Sendable {
    package enum Refusal: String, Error, Sendable {
        /// Everything runs and the waiting room is full.
        case full
        /// The caller's time was up before a slot came free.
        case expired
        case cancelled
        case closed
    }

    private struct State {
        var ledger: TransferLedger
        var continuations: [TransferLedger.Ticket: CheckedContinuation<Result<Int, Refusal>, Never>] = [:]
        var isClosed = false
    }

    private let state: Mutex<State>

    package init(slots: Int, maxWaiting: Int) {
        state = Mutex(State(ledger: TransferLedger(slots: slots, maxWaiting: maxWaiting)))
    }

    /// Waits for a slot, `patience` at most. Every slot obtained is given back through `leave`.
    package func enter(patience: Duration) async throws(Refusal) -> Int {
        let (ticket, idleSlot) = state.withLock { state in
            (state.ledger.makeTicket(), state.isClosed ? nil : state.ledger.takeIdleSlot())
        }
        if let idleSlot { return idleSlot }

        let expiry = Task {
            try await Task.sleep(for: patience)
            self.refuse(ticket, .expired)
        }
        defer { expiry.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A cancellation that came before this point found nothing to refuse; the flag tells of it.
                let early = state.withLock { state in Self.queue(ticket, continuation, &state) }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            refuse(ticket, .cancelled)
        }
        return try result.get()
    }

    package func leave(_ slot: Int) {
        let next = state.withLock { state -> (CheckedContinuation<Result<Int, Refusal>, Never>, Int)? in
            guard let grant = state.ledger.release(slot: slot),
                let continuation = state.continuations.removeValue(forKey: grant.ticket)
            else { return nil }
            return (continuation, grant.slot)
        }
        if let (continuation, slot) = next { continuation.resume(returning: .success(slot)) }
    }

    /// Refuses everyone who waits and everyone who comes later. What runs is not touched.
    package func close() {
        let refused = state.withLock { state in
            state.isClosed = true
            for ticket in state.continuations.keys { _ = state.ledger.withdraw(ticket) }
            defer { state.continuations = [:] }
            return Array(state.continuations.values)
        }
        for continuation in refused { continuation.resume(returning: .failure(.closed)) }
    }

    package var waitingCount: Int { state.withLock { $0.ledger.waitingCount } }

    private static func queue(
        _ ticket: TransferLedger.Ticket,
        _ continuation: CheckedContinuation<Result<Int, Refusal>, Never>,
        _ state: inout State
    ) -> Result<Int, Refusal>? {
        if Task.isCancelled { return .failure(.cancelled) }
        if state.isClosed { return .failure(.closed) }
        switch state.ledger.submit(ticket) {
        case .start(let slot): return .success(slot)
        case .full: return .failure(.full)
        case .wait:
            state.continuations[ticket] = continuation
            return nil
        }
    }

    private func refuse(_ ticket: TransferLedger.Ticket, _ refusal: Refusal) {
        let continuation = state.withLock { state in
            guard state.ledger.withdraw(ticket) else { return nil as CheckedContinuation<Result<Int, Refusal>, Never>? }
            return state.continuations.removeValue(forKey: ticket)
        }
        continuation?.resume(returning: .failure(refusal))
    }
}
