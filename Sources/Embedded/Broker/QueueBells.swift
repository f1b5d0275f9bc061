import JobCore
import Synchronization

/// Who waits for which queue in this process. Publishes of this process ring directly; those of others are seen by a
/// `ChangeWatch`, which lives while anybody consumes.
final class QueueBells: Sendable {
    private struct State {
        var bells: [String: [UInt64: Doorbell]] = [:]
        var isWatching = false
    }

    private let settings: DatabaseSettings
    private let state = Mutex(State())

    init(_ settings: DatabaseSettings) {
        self.settings = settings
    }

    func add(_ bell: Doorbell, queue: String, consumer: UInt64) {
        let starts = state.withLock { state in
            state.bells[queue, default: [:]][consumer] = bell
            defer { state.isWatching = true }
            return !state.isWatching
        }
        guard starts else { return }
        ChangeWatch(settings: settings, isWanted: continues, onChange: ringReady).start()
    }

    func remove(queue: String, consumer: UInt64) {
        state.withLock { state in
            state.bells[queue]?[consumer] = nil
            if state.bells[queue]?.isEmpty == true { state.bells[queue] = nil }
        }
    }

    func ring(_ queues: some Sequence<String>) {
        let bells = state.withLock { state in queues.flatMap { state.bells[$0].map { Array($0.values) } ?? [] } }
        for bell in bells { bell.ring() }
    }

    @Sendable
    private func ringReady(_ session: SQLiteSession) throws(StoreError) {
        var names: [String] = []
        for row in try session.query("select name from broker_queues where ready > 0", [:]) {
            names.append(try row.text("name"))
        }
        ring(names)
    }

    @Sendable
    private func continues() -> Bool {
        state.withLock { state in
            if state.bells.isEmpty { state.isWatching = false }
            return state.isWatching
        }
    }
}
