import Foundation

/// No delivery is held longer than ten minutes. A longer job runs in slices: it keeps a checkpoint, returns
/// `.continued`, and goes on from there in its next run, with no attempt burned.
extension JobContext {
    /// A checkpoint is a place to go on from, not a result: 256 KiB of JSON.
    private static var maximumCheckpoint: Int { 262_144 }

    /// True when half of the timeout has gone, or when the process drains: keep a checkpoint and return `.continued`.
    public var isSliceOver: Bool {
        scope.shallEndSoon || isCancelled || ContinuousClock.now >= sliceEnd
    }

    /// Keeps how far the job has come; durable when this returns. It goes when the job is done or dead, and survives
    /// crashes, retries and snoozes. A run that another process has taken over gets `StoreError.superseded`.
    public func checkpoint(_ value: some Codable & Sendable) async throws {
        let state = [UInt8](try JSONEncoder().encode([value]))
        guard state.count <= Self.maximumCheckpoint else {
            throw JobError.dead(
                "checkpoint_too_large",
                "a checkpoint of \(state.count) bytes, at most \(Self.maximumCheckpoint) are kept"
            )
        }
        scope.noteCheckpoint()
        let (id, token) = (id, scope.token)
        try await store.driver.write { session throws(StoreError) in
            if let token { try session.requireCurrent(token) }
            try session.keepCheckpoint(state, of: id)
        }
    }

    /// What an earlier run has kept; nil when there is nothing, and when it is of another type: the job begins anew then.
    public func checkpoint<T: Codable & Sendable>(as type: T.Type) async throws(StoreError) -> T? {
        scope.noteCheckpoint()
        guard let state = try await store.checkpoint(of: id) else { return nil }
        return try? JSONDecoder().decode([T].self, from: Data(state)).first
    }

    /// Tells operators how far the job has come, 0…1: `jobctl workers --json` shows it. Not kept.
    public func progress(_ fraction: Double) {
        scope.progress(min(max(fraction.isNaN ? 0 : fraction, 0), 1))
    }
}

extension Outcome {
    /// The slice is over and its checkpoint kept: go on as soon as there is a place, no attempt burned.
    public static var continued: Outcome { .snooze(until: .now()) }
}
