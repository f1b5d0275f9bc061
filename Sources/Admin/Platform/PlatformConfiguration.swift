package import Cluster
import Foundation
package import JobCore

/// Which platform the environment chooses. Both URLs unset means `.jobs/jobs.db` in the working directory.
package struct PlatformConfiguration: Sendable {
    package enum Choice: Sendable, Equatable {
        case embedded(path: String)
        case cluster(broker: String, database: String, management: String?)
    }

    package let choice: Choice
    /// Nothing on the embedded profile.
    package let security: BrokerSecurity
    /// Before every name of the broker and of the PostgreSQL schema.
    package let prefix: String
    /// Producers' databases that have an outbox; empty: the store's own. None on the embedded profile.
    package let outboxURLs: [String]
    /// Where the declarations are.
    package let jobsDirectory: String
    /// The time by which jobs become due; shifted in tests alone.
    package let clock: ScheduleClock
    /// Encrypts payloads in the store; nil without `JOBS_DATA_KEY_FILE`.
    package let seal: PayloadSeal?

    /// Reads `JOBS_BROKER_URL`, `JOBS_DATABASE_URL`, `JOBS_MANAGEMENT_URL` (each also as `…_FILE`, a file that holds
    /// it), `JOBS_PREFIX`, `JOBS_DIR`, `JOBS_DATA_KEY_FILE` and what `BrokerSecurity` reads. Errors name the variable and never quote a URL.
    package static func fromEnvironment(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> PlatformConfiguration {
        let broker = try value("JOBS_BROKER_URL", environment)
        let database = try value("JOBS_DATABASE_URL", environment)
        let management = try value("JOBS_MANAGEMENT_URL", environment)
        let choice = try choice(broker, database, management)
        return PlatformConfiguration(
            choice: choice,
            security: try BrokerSecurity.fromEnvironment(environment, broker: broker, management: management),
            prefix: try prefix(environment["JOBS_PREFIX"] ?? ""),
            outboxURLs: try outboxes(try value("JOBS_OUTBOX_URLS", environment), choice),
            jobsDirectory: environment["JOBS_DIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "jobs",
            clock: try clock(environment),
            seal: try seal(environment)
        )
    }

    /// Whoever reads the file reads every payload, so nobody else may.
    private static func seal(_ environment: [String: String]) throws(ConfigurationError) -> PayloadSeal? {
        guard let path = environment["JOBS_DATA_KEY_FILE"], !path.isEmpty else { return nil }
        let file = NamedFile(path: path, variable: "JOBS_DATA_KEY_FILE")
        let text = try file.text()
        try file.checkPrivate()
        do throws(PayloadSeal.Mistake) {
            return try PayloadSeal(file: text)
        } catch {
            throw ConfigurationError(
                "JOBS_DATA_KEY_FILE: \(error.reason)",
                remedy: "a key is a line of `openssl rand -base64 32`; the first seals, older ones below it still open"
            )
        }
    }

    private static func outboxes(_ list: String?, _ choice: Choice) throws(ConfigurationError) -> [String] {
        let urls = (list ?? "").split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init)
        guard !urls.isEmpty else { return [] }
        guard case .cluster = choice else {
            throw ConfigurationError(
                "JOBS_OUTBOX_URLS is set, and the embedded profile has no outbox",
                remedy: "unset it, or set JOBS_BROKER_URL and JOBS_DATABASE_URL for the cluster"
            )
        }
        guard urls.allSatisfy({ kind($0) == .postgres }) else {
            throw ConfigurationError(
                "JOBS_OUTBOX_URLS names something that is not PostgreSQL",
                remedy: "postgres://… of each producer's database, separated by commas"
            )
        }
        return urls
    }

    private static func clock(_ environment: [String: String]) throws(ConfigurationError) -> ScheduleClock {
        do throws(ScheduleClock.Failure) {
            return try ScheduleClock.fromEnvironment(environment)
        } catch {
            throw ConfigurationError("\(error)", remedy: "unset JOBS_TEST_CLOCK: it is for tests alone")
        }
    }

    private static func value(_ name: String, _ environment: [String: String]) throws(ConfigurationError) -> String? {
        let direct = environment[name].flatMap { $0.isEmpty ? nil : $0 }
        guard let path = environment["\(name)_FILE"], !path.isEmpty else { return direct }
        guard direct == nil else {
            throw ConfigurationError("\(name) and \(name)_FILE are both set", remedy: "unset one of them")
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError("\(name)_FILE names a file that cannot be read", remedy: "check its path and mode")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func choice(
        _ broker: String?,
        _ database: String?,
        _ management: String?
    ) throws(ConfigurationError) -> Choice {
        let standard = FileManager.default.currentDirectoryPath + "/.jobs/jobs.db"
        switch (broker.map(kind), database.map(kind)) {
        case (nil, nil):
            return .embedded(path: standard)
        case (.sqlite(let first)?, .sqlite(let second)?) where first == second:
            return .embedded(path: first)
        case (.sqlite?, .sqlite?):
            throw ConfigurationError(
                "JOBS_BROKER_URL and JOBS_DATABASE_URL name two SQLite files",
                remedy: "one file is broker and store: set both to the same URL"
            )
        case (.amqp?, .postgres?):
            return .cluster(broker: broker ?? "", database: database ?? "", management: management)
        case (.amqp?, nil):
            throw ConfigurationError(
                "JOBS_DATABASE_URL is missing",
                remedy: "AMQP goes with PostgreSQL: set postgres://…"
            )
        case (nil, .postgres?):
            throw ConfigurationError("JOBS_BROKER_URL is missing", remedy: "PostgreSQL goes with AMQP: set amqp://…")
        case (.sqlite?, nil):
            throw ConfigurationError("JOBS_DATABASE_URL is missing", remedy: "set it to the same sqlite:/// URL")
        case (nil, .sqlite?):
            throw ConfigurationError("JOBS_BROKER_URL is missing", remedy: "set it to the same sqlite:/// URL")
        case (.amqp?, .sqlite?):
            throw ConfigurationError(
                "JOBS_DATABASE_URL is SQLite",
                remedy: "AMQP goes with PostgreSQL: set postgres://…"
            )
        case (.sqlite?, .postgres?):
            throw ConfigurationError("JOBS_BROKER_URL is SQLite", remedy: "PostgreSQL goes with AMQP: set amqp://…")
        case (.unknown?, _), (.postgres?, _):
            throw ConfigurationError(
                "JOBS_BROKER_URL is of no kind that is known",
                remedy: "use sqlite:///absolute/path.db, amqp://… or amqps://…"
            )
        case (_, .unknown?), (_, .amqp?):
            throw ConfigurationError(
                "JOBS_DATABASE_URL is of no kind that is known",
                remedy: "use sqlite:///absolute/path.db or postgres://…"
            )
        }
    }

    private enum Kind: Equatable {
        case sqlite(String)
        case amqp, postgres, unknown
    }

    private static func kind(_ url: String) -> Kind {
        if url.hasPrefix("sqlite:///"), url.count > "sqlite:///".count {
            return .sqlite(String(url.dropFirst("sqlite://".count)))
        }
        if url.hasPrefix("amqp://") || url.hasPrefix("amqps://") { return .amqp }
        if url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") { return .postgres }
        return .unknown
    }

    private static func prefix(_ text: String) throws(ConfigurationError) -> String {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789_.-")
        guard text.count <= 40, text.allSatisfy(allowed.contains) else {
            throw ConfigurationError("JOBS_PREFIX is not usable", remedy: "at most 40 of a-z, 0-9, _, . and -")
        }
        return text
    }
}
