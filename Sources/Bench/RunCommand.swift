import Admin
import ArgumentParser
import Foundation
import JobCore

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the bench and print its table.",
        discussion: """
            The cluster is measured on what JOBS_BROKER_URL, JOBS_DATABASE_URL and JOBS_MANAGEMENT_URL name, the embedded
            profile on a file of its own.
            """
    )

    @Option(help: "Profiles, separated by commas.")
    var profiles = "embedded,cluster"

    @Flag(help: "A fifth of the jobs, one round: to see that everything works.")
    var quick = false

    @Option(help: "What is measured, separated by commas.")
    var parts = "throughput,redelivered,waiting"

    @Option(help: "A folder for what the bench leaves behind; it must be on the disk that is to be measured.")
    var directory: String

    @Option(help: "Where the JSON goes.")
    var json: String?

    @Option(help: "A line for the head of the table; may be repeated.")
    var condition: [String] = []

    func run() async throws {
        let scale = quick ? Scale.quick : .full
        var report = BenchReport(date: Timestamp.now().description, conditions: condition, scale: scale)
        try BenchStage.writeManifest(into: "\(directory)/jobs")
        for name in profiles.split(separator: ",") {
            guard let profile = Profile(rawValue: String(name)) else {
                throw ValidationError("no profile \(name): embedded or cluster")
            }
            try await measure(profile, scale, into: &report)
        }
        print(report.text)
        if let json { try report.json().write(to: URL(filePath: json)) }
    }

    private func measure(_ profile: Profile, _ scale: Scale, into report: inout BenchReport) async throws {
        let environment = environment(of: profile)
        let stage = try BenchStage.fromEnvironment(environment)
        let platform = try await stage.open(.change)
        guard platform.profile == profile else {
            throw BenchFailure(
                "the environment names no \(profile.rawValue): start nodes, eval what `nodes env` prints"
            )
        }
        try await platform.migrate()
        let topology = try stage.manifest().topology
        try await platform.broker.apply(try await platform.broker.plan(topology), of: topology)
        try await platform.store.saveRoutes(topology)
        let measurement = Measurement(platform: platform, scale: scale, environment: environment) { text in
            FileHandle.standardError.write(Data("\(profile.rawValue): \(text)\n".utf8))
        }
        try await measurement.checkEmpty()
        var rounds: [[Figure: Double]] = []
        let parts = Set(parts.split(separator: ","))
        for _ in 0..<scale.rounds {
            if parts.contains("throughput") { rounds.append(try await measurement.throughput()) }
            if parts.contains("redelivered") { rounds.append(try await measurement.redelivered()) }
        }
        if parts.contains("waiting") { rounds.append(try await measurement.waiting()) }
        await platform.close()
        report.add(rounds, of: profile)
    }

    private func environment(of profile: Profile) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["JOBS_DIR"] = "\(directory)/jobs"
        switch profile {
        case .embedded:
            let url = "sqlite://\(URL(filePath: directory).path)/bench.db"
            environment["JOBS_BROKER_URL"] = url
            environment["JOBS_DATABASE_URL"] = url
        case .cluster:
            environment["JOBS_PREFIX"] = "bench_"
        }
        return environment
    }
}
