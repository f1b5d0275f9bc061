import Synchronization

/// How the brakes stop a lane, and how one job tries whether it may go on.
extension QueueRunner {
    /// How long the one job that tries is waited for, before another lane may look for one.
    private static let trialPatience: Duration = .milliseconds(500)

    var gate: BrakeBoard.Gate { attempts.brakes.board.gate(of: address.queue) }

    /// The dependencies that may be tried with one job, none where nothing is stopped; nil after a pause.
    func mayFetch() async -> [String]? {
        state.withLock { $0.isBraked = false }
        switch gate {
        case .open: return []
        case .shut:
            await pause(.milliseconds(100))
            return nil
        case .trying(let names):
            if await attempts.brakes.board.beginProbe(names, at: address) { return names }
            await pause(.milliseconds(200))
            return nil
        }
    }

    func endTrial(_ names: [String]) async {
        let hasBegun = state.withLock { state in
            defer { state.trial = nil }
            return state.trial?.hasBegun ?? false
        }
        // Whoever concluded anything has given the right back with it.
        await attempts.brakes.board.endProbe(names, at: address)
        if !hasBegun { await pause(.milliseconds(300)) }
    }

    /// Called when a brake has changed: what is fetched and not begun goes back as soon as what runs has ended.
    func heedBrakes() {
        guard gate != .open else { return }
        let consumption = state.withLock { state -> (any Consumption)? in
            guard state.trial == nil, !state.isBraked else { return nil }
            state.isBraked = true
            return state.consumption
        }
        guard let consumption else { return }
        Task { await consumption.stop() }
    }

    /// Attempts that take too long are failures of their dependencies before they end: a peer that hangs says nothing.
    func tellSlow() {
        for dependency in attempts.brakes.board.dependencies(of: address.queue) {
            guard let limit = dependency.breaker.slowAfter else { continue }
            attempts.brakes.board.noteSlow(running.takeSlow(after: limit), of: dependency.name)
        }
    }

    /// The dependencies that a job tries which begins now, mostly none; nil when nothing may begin any more.
    func mayBegin() -> [String]? {
        state.withLock { state in
            if state.isBraked { return nil }
            guard let trial = state.trial else { return [] }
            if trial.hasBegun { return nil }
            state.trial?.hasBegun = true
            return trial.dependencies
        }
    }

    func endFruitlessTrial(_ consumption: any Consumption) async {
        do {
            try await Task.sleep(for: QueueRunner.trialPatience)
        } catch {
            return
        }
        if state.withLock({ $0.trial?.hasBegun == false }) { await consumption.stop() }
    }
}
