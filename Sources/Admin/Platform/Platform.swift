package import JobCore

/// The two ways to run: one SQLite file, or RabbitMQ with PostgreSQL.
package enum Profile: String, Sendable {
    case embedded, cluster
}

/// A broker and a store that belong together, opened from the two URLs.
package struct Platform: Sendable {
    package let profile: Profile
    package let broker: any Broker
    package let store: Store
    /// The first line of every table: which platform this is, never a password.
    package let display: String
    /// Stands for this process among its peers.
    package let processID: String
    /// Who knows of this platform's processes whether they are dead.
    package let witness: any DeathWitness
    /// The time by which schedules fire.
    package let clock: ScheduleClock
    /// Producers' databases to relay from; none on the embedded profile.
    package let outboxes: [Outbox]
    /// Where the embedded store's file is; nil on the cluster.
    package let storeFolder: String?
    /// The schema of the store on PostgreSQL; nil on the embedded profile, which has no roles.
    package let schema: String?
    private let migrating: @Sendable () async throws(StoreError) -> Void
    private let closing: @Sendable () async -> Void

    package init(
        profile: Profile,
        broker: any Broker,
        store: Store,
        display: String,
        processID: String,
        witness: any DeathWitness,
        clock: ScheduleClock = .real,
        outboxes: [Outbox] = [],
        storeFolder: String? = nil,
        schema: String? = nil,
        migrating: @escaping @Sendable () async throws(StoreError) -> Void,
        closing: @escaping @Sendable () async -> Void
    ) {
        self.profile = profile
        self.broker = broker
        self.store = store
        self.display = display
        self.processID = processID
        self.witness = witness
        self.clock = clock
        self.outboxes = outboxes
        self.storeFolder = storeFolder
        self.schema = schema
        self.migrating = migrating
        self.closing = closing
    }

    /// Applies the schema's missing steps, the broker's own tables included.
    package func migrate() async throws(StoreError) {
        try await migrating()
    }

    package func close() async {
        await closing()
    }
}

/// What a verb wants from the platform: it decides what may be created.
package enum PlatformPurpose: Sendable {
    /// Reads only; never creates a store.
    case look
    /// Changes what is there; on the embedded profile it creates and migrates.
    case change
    /// A long-running process; as `change`, and it takes part in the watch over its peers.
    case daemon
    /// Changes the schema itself: opens a store that this build cannot read yet.
    case migrate
}
