import Admin
import Foundation
import JobCore
import Logging
import RabbitMQ

/// The platform under measurement as the environment names it: the same for `run` and for the processes it starts.
struct BenchStage: Sendable {
    static let queue = "bench"

    let configuration: PlatformConfiguration
    let logger: Logger
    private let brokerURL: String

    static func fromEnvironment(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> BenchStage {
        var logger = Logger(label: "jobs-bench") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = environment["JOBS_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) } ?? .warning
        return BenchStage(
            configuration: try PlatformConfiguration.fromEnvironment(environment),
            logger: logger,
            brokerURL: environment["JOBS_BROKER_URL"] ?? ""
        )
    }

    func open(_ purpose: PlatformPurpose) async throws -> Platform {
        try await Platform.open(configuration, purpose: purpose, logger: logger)
    }

    func manifest() throws(ManifestError) -> Manifest {
        try Manifest.load(directory: configuration.jobsDirectory)
    }

    func amqp() throws -> AMQPConfiguration {
        try AMQPConfiguration(url: brokerURL)
    }

    /// Writes the declaration that every process of the bench reads. A no-op needs no slots to wait in: credit and
    /// concurrency are such that neither is what is measured.
    static func writeManifest(into directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let text = """
            queues:
              \(queue):
                lanes: [normal]
                concurrency: 100
                credit: 1000
                max_length: none

            jobs:
              \(BenchProbe.name):
                summary: Does nothing
                queue: \(queue)
                lane: normal
                version: 1
                timeout: 30s
                examples:
                  1:
                    - { sent_at: 0, user_id: 1, venue_id: 2, kind: k, title: t, body: b }
            """
        try text.write(toFile: "\(directory)/bench.yaml", atomically: true, encoding: .utf8)
    }
}
