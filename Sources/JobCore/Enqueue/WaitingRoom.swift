import Synchronization

/// Callers whose jobs the broker does not take now: a line for each routing key, in the order of coming, of which only
/// the first tries. Bounded by jobs and bytes over all lines, so that a producer faster than its workers does not fill
/// its own memory.
final class WaitingRoom: Sendable {
    struct Limits: Sendable {
        var jobs = 10_000
        var bytes = 64 << 20
    }

    /// A place in one line; `leave` must follow.
    struct Ticket: Sendable {
        let routingKey: String
        fileprivate let number: UInt64
        fileprivate let jobs: Int
        fileprivate let bytes: Int
    }

    private struct Line {
        var order: [UInt64] = []
        var waiting: [UInt64: CheckedContinuation<Bool, Never>] = [:]
        /// What the first in line was told last.
        var error: PublishError
    }

    private struct State {
        var lines: [String: Line] = [:]
        var jobs = 0
        var bytes = 0
        var numbers: UInt64 = 0
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Why there is a line for this key, if there is one: whoever comes now goes behind it.
    func line(for routingKey: String) -> PublishError? {
        state.withLock { $0.lines[routingKey]?.error }
    }

    /// Jobs in all lines; for tests, which must know that somebody has come.
    var jobs: Int { state.withLock { $0.jobs } }

    /// To the end of the line. Nil when the room is full.
    func enter(_ routingKey: String, jobs: Int, bytes: Int, after error: PublishError) -> Ticket? {
        state.withLock { state in
            guard state.jobs + jobs <= limits.jobs, state.bytes + bytes <= limits.bytes else { return nil }
            state.jobs += jobs
            state.bytes += bytes
            state.numbers += 1
            state.lines[routingKey, default: Line(error: error)].order.append(state.numbers)
            return Ticket(routingKey: routingKey, number: state.numbers, jobs: jobs, bytes: bytes)
        }
    }

    /// Waits to be the first in line. False at the deadline, and when the calling task is cancelled.
    func turn(_ ticket: Ticket, until deadline: ContinuousClock.Instant) async -> Bool {
        if isFirst(ticket) { return true }
        let alarm = Task {
            try? await Task.sleep(until: deadline)
            giveUp(ticket)
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Task.isCancelled || ContinuousClock.now >= deadline { return false }
                    if state.lines[ticket.routingKey]?.order.first == ticket.number { return true }
                    state.lines[ticket.routingKey]?.waiting[ticket.number] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            giveUp(ticket)
        }
    }

    /// What the first in line has been told, for those behind it.
    func heard(_ error: PublishError, by ticket: Ticket) {
        state.withLock { $0.lines[ticket.routingKey]?.error = error }
    }

    /// Makes room, and lets the next one try.
    func leave(_ ticket: Ticket) {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            state.jobs -= ticket.jobs
            state.bytes -= ticket.bytes
            guard var line = state.lines[ticket.routingKey] else { return nil }
            if line.order.first == ticket.number {
                line.order.removeFirst()
            } else {
                line.order.removeAll { $0 == ticket.number }
            }
            let next = line.order.first.flatMap { line.waiting.removeValue(forKey: $0) }
            state.lines[ticket.routingKey] = line.order.isEmpty ? nil : line
            return next
        }
        next?.resume(returning: true)
    }

    private func isFirst(_ ticket: Ticket) -> Bool {
        state.withLock { $0.lines[ticket.routingKey]?.order.first == ticket.number }
    }

    private func giveUp(_ ticket: Ticket) {
        let continuation = state.withLock { state in
            state.lines[ticket.routingKey]?.waiting.removeValue(forKey: ticket.number)
        }
        continuation?.resume(returning: false)
    }
}
