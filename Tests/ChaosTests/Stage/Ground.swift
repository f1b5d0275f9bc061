import Admin
import Foundation
import JobCore
import Logging
import Workers

/// A fresh platform for one test, and what a process needs to work on it.
struct Ground: Sendable {
    let profile: Profile
    /// Logs, histories and, on the embedded profile, the store.
    let folder: String
    /// The whole environment of a child process.
    let environment: [String: String]
    /// The test's own connections; it writes nothing through them but the schema and, on the cluster, jobs.
    let platform: Platform

    /// Chosen by `JOBS_TEST_PROFILES`, both if it is not set.
    static let profiles: [Profile] = {
        let chosen = ProcessInfo.processInfo.environment["JOBS_TEST_PROFILES"] ?? "embedded,cluster"
        return chosen.split(separator: ",").compactMap { Profile(rawValue: String($0)) }
    }()

    /// The long forms, for the proof (`make prove`).
    static let isFull = ProcessInfo.processInfo.environment["JOBS_CHAOS"] == "full"

    static let checkout = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardizedFileURL.path(percentEncoded: false)

    static let nodesScript =
        ProcessInfo.processInfo.environment["JOBS_TEST_NODES_SCRIPT"] ?? checkout + "/scripts/nodes"

    /// `JOBS_TEST_JOBCTL`, or the one built beside the test bundle.
    static let jobctl: String = {
        if let path = ProcessInfo.processInfo.environment["JOBS_TEST_JOBCTL"] { return path }
        let beside = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "jobctl")
        return beside?.path(percentEncoded: false) ?? "jobctl"
    }()

    /// - Parameters:
    ///   - variables: for the processes, beside those that lead to the platform.
    ///   - absent: variables that they do not get.
    ///   - concurrency: of the queue `system`; nil for the one that is declared.
    ///   - maximumLength: of each lane of it, likewise.
    ///   - credit: deliveries that a process of it holds at most; nil lets it measure.
    ///   - lagThreshold: of the queue `system`, in seconds.
    ///   - address: gets alerts by mail.
    ///   - texts: what to replace in a file of the declarations.
    ///   - speed: declares the schedules of `SchedulePlan`, on a clock so many times faster.
    static func prepare(
        _ profile: Profile,
        _ name: String,
        adding variables: [String: String] = [:],
        without absent: Set<String> = [],
        concurrency: Int? = nil,
        maximumLength: Int? = nil,
        credit: Int? = nil,
        deduplicates: Bool = false,
        lagThreshold: Int? = nil,
        mailing address: String? = nil,
        schedulesAt speed: Int64? = nil,
        changing texts: [(file: String, from: String, to: String)] = []
    ) async throws -> Ground {
        guard FileManager.default.isExecutableFile(atPath: jobctl) else {
            throw StageError("no jobctl at \(jobctl): build it with `swift build --product jobctl`")
        }
        let folder = "\(Undertaker.shared.folder)/\(name)-\(profile.rawValue)-\(UUID().uuidString.prefix(4))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var environment = try await environment(profile, folder).merging(variables) { $1 }
        for name in absent { environment[name] = nil }
        let changes = [
            "concurrency": concurrency, "max_length": maximumLength,
        ].compactMapValues { $0 }
        if !changes.isEmpty || deduplicates || credit != nil {
            environment["JOBS_DIR"] = try declarations(folder, changes, credit: credit, deduplicates: deduplicates)
        }
        if let lagThreshold {
            environment["JOBS_DIR"] = try impatient(folder, lagThreshold)
        }
        if let address {
            let place = "  receivers:\n"
            environment["JOBS_DIR"] = try changed(
                folder,
                [("alerts", place, "\(place)    mail: { kind: email, to: [\(address)] }\n")]
            )
        }
        if !texts.isEmpty { environment["JOBS_DIR"] = try changed(folder, texts) }
        if let speed {
            environment.merge(try SchedulePlan(folder: folder).write(speed: speed, from: checkout)) { $1 }
        }
        var logger = Logger(label: "chaos") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        let configuration = try PlatformConfiguration.fromEnvironment(environment)
        let platform = try await Platform.open(
            configuration,
            purpose: .migrate,
            families: JobRegistry.checkIn().migrations,
            logger: logger
        )
        let topology = try Manifest.load(directory: configuration.jobsDirectory).topology
        try await platform.migrate()
        try await platform.broker.apply(try await platform.broker.plan(topology), of: topology)
        try await platform.store.saveRoutes(topology)
        return Ground(profile: profile, folder: folder, environment: environment, platform: platform)
    }

    /// A copy of the declarations in which these numbers of `system` are others.
    private static func declarations(
        _ folder: String,
        _ changes: [String: Int],
        credit: Int?,
        deduplicates: Bool
    ) throws -> String {
        let copy = folder + "/jobs"
        try FileManager.default.copyItem(atPath: checkout + "/jobs", toPath: copy)
        let path = copy + "/system.yaml"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        for (key, value) in changes {
            text = text.replacing(try Regex("\(key): \\d+"), with: "\(key): \(value)")
        }
        if let credit { text = text.replacing("    concurrency:", with: "    credit: \(credit)\n    concurrency:") }
        if deduplicates { text = text.replacing("    timeout: 30s\n", with: "    timeout: 30s\n    deduplicate: 7d\n") }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return copy
    }

    /// A copy of the declarations in which everything is late after so many seconds, and alerts end after five.
    private static func impatient(_ folder: String, _ seconds: Int) throws -> String {
        try changed(
            folder,
            [
                ("system", "lag_threshold: 5m", "lag_threshold: \(seconds)s"),
                ("alerts", "resolve_after: 30s", "resolve_after: 5s"),
            ]
        )
    }

    private static func changed(
        _ folder: String,
        _ changes: [(file: String, from: String, to: String)]
    ) throws -> String {
        let copy = folder + "/jobs"
        try FileManager.default.copyItem(atPath: checkout + "/jobs", toPath: copy)
        for (file, from, to) in changes {
            let path = "\(copy)/\(file).yaml"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            guard text.contains(from) else { throw StageError("\(file).yaml has no \"\(from)\"") }
            try text.replacing(from, with: to).write(toFile: path, atomically: true, encoding: .utf8)
        }
        return copy
    }

    private static func environment(_ profile: Profile, _ folder: String) async throws -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("JOBS_") }
        switch profile {
        case .embedded:
            environment["JOBS_BROKER_URL"] = "sqlite://\(folder)/jobs.db"
            environment["JOBS_DATABASE_URL"] = "sqlite://\(folder)/jobs.db"
        case .cluster:
            environment.merge(try await PrivateNodes.shared.environment()) { $1 }
            environment["JOBS_PREFIX"] = "chaos\(UUID().uuidString.prefix(8).lowercased())."
        }
        environment["JOBS_DIR"] = checkout + "/jobs"
        environment["JOBS_MAIL_CAPTURE_DIR"] = folder + "/mail"
        environment[Undertaker.mark] = Undertaker.shared.run
        return environment
    }

    /// The same platform for processes with other variables.
    func changed(_ variables: [String: String]) -> Ground {
        Ground(
            profile: profile,
            folder: folder,
            environment: environment.merging(variables) { $1 },
            platform: platform
        )
    }

    /// Starts `jobctl`; its output goes to a file of that name in the folder.
    func start(_ arguments: [String], log name: String, output: String? = nil) throws -> ChildProcess {
        let log = "\(folder)/\(name).log"
        return try ChildProcess(
            Ground.jobctl,
            arguments,
            environment: environment,
            output: output ?? log,
            errors: log
        )
    }

    /// The SQLite file of the embedded profile.
    var databasePath: String { folder + "/jobs.db" }
}
