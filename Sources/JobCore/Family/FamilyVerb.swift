public import Logging

/// A verb of the command line that a job family brings: `jobctl analytics load checkins FILE`.
public struct FamilyVerb: Sendable {
    /// What it does with the store.
    public enum Use: Sendable {
        /// Reads; the store must be there.
        case looks
        /// Changes what is there.
        case changes
        /// Brings something in: on the embedded profile the store is made where there is none.
        case loads
    }

    /// What the verb may use.
    public struct Context: Sendable {
        /// What follows the verb's words, without `--json`.
        public let arguments: [String]
        public let environment: [String: String]
        public let logger: Logger
        /// Progress and remarks, to stderr.
        public let note: @Sendable (String) -> Void
        private let driver: any StoreDriver

        package init(
            arguments: [String],
            environment: [String: String],
            logger: Logger,
            store: Store,
            note: @escaping @Sendable (String) -> Void
        ) {
            self.arguments = arguments
            self.environment = environment
            self.logger = logger
            self.note = note
            driver = store.driver
        }

        /// Reads from the store: all that a verb may do that `looks`.
        public func read<T: Sendable>(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
        ) async throws(StoreError) -> T {
            try await driver.read(body)
        }

        /// Runs in one transaction of the store, and returns when it is durable. May run again after a conflict: it must have
        /// no effect outside the session.
        public func transaction<T: Sendable>(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
        ) async throws(StoreError) -> T {
            try await driver.write(body)
        }
    }

    /// What it says at the end: as text for people, and as a JSON object.
    public struct Answer: Sendable {
        public let text: String
        public let json: String

        public init(text: String, json: String) {
            self.text = text
            self.json = json
        }
    }

    /// A mistake in what was typed, with what to type instead.
    public struct UsageError: Error, Sendable {
        public let message: String
        public let remedy: String

        public init(_ message: String, remedy: String) {
            self.message = message
            self.remedy = remedy
        }
    }

    /// `["analytics", "load", "checkins"]`.
    public let words: [String]
    /// `analytics load checkins FILE.csv[.gz]`.
    public let usage: String
    public let abstract: String
    public let use: Use
    public let run: @Sendable (Context) async throws -> Answer

    public init(
        _ words: String...,
        usage: String,
        abstract: String,
        use: Use = .loads,
        run: @escaping @Sendable (Context) async throws -> Answer
    ) {
        self.words = words
        self.usage = usage
        self.abstract = abstract
        self.use = use
        self.run = run
    }
}

/// Tables that a job family keeps in the store, made by `jobctl migrate apply` (embedded: by itself).
public struct FamilyMigration: Sendable {
    /// Unique among all families: 1000 and more.
    public let version: Int
    public let name: String
    public let statements: @Sendable (Dialect) -> [String]

    public init(version: Int, name: String, statements: @escaping @Sendable (Dialect) -> [String]) {
        self.version = version
        self.name = name
        self.statements = statements
    }
}

extension JobRegistry {
    /// Adds a verb to the command line.
    public mutating func add(_ verb: FamilyVerb) {
        verbs.append(verb)
    }

    /// Adds a step to the schema. Steps only add.
    public mutating func add(_ migration: FamilyMigration) {
        migrations.append(
            Migration(version: migration.version, name: migration.name, statements: migration.statements)
        )
    }
}
