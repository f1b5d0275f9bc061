import JobCore
import Logging
import Testing

/// One test's broker and store, with nothing else in them: a file of its own, or a prefix and a schema of its own.
struct World: Sendable {
    let profile: Profile
    let broker: WatchedBroker
    let driver: WatchedDriver
    let signal: Signal
    let witness: any DeathWitness
    /// What a message of a stranger needs to reach this world; nil where strangers cannot.
    let cluster: ClusterAccess?
    let logger: Logger
    /// The same database for somebody with other data keys, to be closed by the caller.
    let reopen: @Sendable (PayloadSeal?) async throws -> Reopened

    struct Reopened: Sendable {
        let store: Store
        let close: @Sendable () async -> Void
    }

    var store: Store { Store(driver: driver) }
    var client: JobClient { JobClient(broker: broker, store: store) }

    static let quiet: Logger = {
        var logger = Logger(label: "contract")
        logger.logLevel = .critical
        return logger
    }()

    /// Makes a world for the time of the body. `alone` is for tests that measure time, `seal` encrypts payloads.
    static func with<R>(
        _ profile: Profile,
        topology: Topology = .small(),
        alone: Bool = false,
        seal: PayloadSeal? = nil,
        _ body: (World) async throws -> R
    ) async throws -> R {
        Tally.count(profile)
        let permits = alone ? Permits.worlds.count : 1
        await Permits.worlds.take(permits)
        defer { Permits.worlds.put(permits) }
        let signal = Signal()
        // The broker tells nobody when a queue's depth changes: who waits for that looks again at each tick.
        let ticks = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(40))
                signal.ring()
            }
        }
        defer { ticks.cancel() }
        return switch profile {
        case .embedded: try await withEmbedded(topology, signal, seal, body)
        case .cluster: try await withCluster(topology, signal, seal, body)
        }
    }

    func apply(_ topology: Topology) async throws {
        try await broker.apply(try await broker.plan(topology), of: topology)
        try await store.saveRoutes(topology)
        cluster?.remember(topology)
    }

    /// Returns when the condition holds; asked again after each commit, acknowledgement and tick.
    func until(
        _ what: Comment,
        within limit: Duration = .seconds(20),
        sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now.advanced(by: limit)
        while true {
            let seen = signal.rings
            if try await condition() { return }
            guard ContinuousClock.now < end else {
                Issue.record("did not come in \(limit): \(what)", sourceLocation: sourceLocation)
                throw TooLate()
            }
            await signal.wait(beyond: seen)
        }
    }
}

struct TooLate: Error {}
