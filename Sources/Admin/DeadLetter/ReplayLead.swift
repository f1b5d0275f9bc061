import Foundation
import JobCore
import UnixSignals

/// Leads a replay from a shell and tells how far it is. A first Ctrl-C, or a shell that goes away, leaves it to the loops.
struct ReplayLead {
    enum End: Sendable {
        case ended(ReplayRun)
        /// It goes on without this shell.
        case left(ReplayRun)
    }

    /// How often it is told how far a longer replay is.
    private static let telling: Duration = .seconds(2)

    private let store: Store
    private let driver: String
    private let tell: @Sendable (String) -> Void

    init(_ store: Store, driver: String, tell: @escaping @Sendable (String) -> Void) {
        self.store = store
        self.driver = driver
        self.tell = tell
    }

    /// From the turn that began it to its end.
    func run(_ first: ReplayTurn) async throws -> End {
        let first = try await hurry(first)
        guard first.run.state == .running else { return .ended(first.run) }
        return try await withThrowingTaskGroup(of: End?.self) { group in
            group.addTask { .ended(try await lead(first)) }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup) { return nil }
                return nil
            }
            defer { group.cancelAll() }
            if let ended = try await group.next(), let ended { return ended }
            try await store.leaveReplay(first.run.operation, by: driver)
            return .left(try await store.replayRun(first.run.operation) ?? first.run)
        }
    }

    /// Step after step as long as none has to wait: short replays need no more.
    private func hurry(_ first: ReplayTurn) async throws -> ReplayTurn {
        var turn = first
        let began = ContinuousClock.now
        while case .moved(let run) = turn, began.duration(to: .now) < .milliseconds(500) {
            turn = try await store.stepReplay(run.operation, by: driver) ?? turn
        }
        return turn
    }

    private func lead(_ first: ReplayTurn) async throws -> ReplayRun {
        var turn = first
        var told: ContinuousClock.Instant?
        while true {
            if told.map({ $0.duration(to: .now) >= ReplayLead.telling }) ?? true {
                tell(Self.line(turn))
                told = .now
            }
            switch turn {
            case .ended(let run): return run
            case .moved: break
            case .waits(_, for: .rate(let pause)): try await Task.sleep(for: min(pause, ReplayLead.telling))
            case .waits, .elsewhere: try await Task.sleep(for: .milliseconds(500))
            }
            try Task.checkCancellation()
            turn = try await store.stepReplay(turn.run.operation, by: driver) ?? turn
        }
    }

    static func line(_ turn: ReplayTurn) -> String {
        let run = turn.run
        var line = "replayed \(run.progress.replayed) of \(run.total), skipped \(run.progress.skippedCount)"
        switch turn {
        case .waits(_, for: .canary(let letters)): line += "; waits for the outcome of the first \(letters)"
        case .waits(_, for: .outcomes): line += "; waits for outcomes"
        case .elsewhere: line += "; led by another process"
        case .waits, .moved, .ended: break
        }
        if run.state == .running, let left = run.remaining(now: .now()) {
            line += "; about \(Spoken.duration(left)) left"
        }
        return line
    }
}
