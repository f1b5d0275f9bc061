import Foundation
public import JobCore
import Logging

extension JobClient {
    /// A client on the platform that the environment names, as `jobctl` reads it (`JOBS_BROKER_URL`, `JOBS_DATABASE_URL`, …).
    /// Make one for the life of the program: it holds connections, which close some time after its last copy is gone.
    ///
    /// Throws where the variables are wrong, and where an SQLite store is not there yet (`jobctl migrate apply` makes it).
    /// Servers that are away are no error here, but of the first `enqueue`.
    /// - Parameter environment: nil for the process's own.
    public static func fromEnvironment(_ environment: [String: String]? = nil) async throws -> JobClient {
        let environment = environment ?? ProcessInfo.processInfo.environment
        var logger = Logger(label: "jobs")
        logger.logLevel = .warning
        let configuration = try PlatformConfiguration.fromEnvironment(environment)
        if let path = configuration.missingFile {
            throw ConfigurationError(
                "there is no store at \(path)",
                remedy: "jobctl migrate apply && jobctl topology apply"
            )
        }
        let platform = try await Platform.open(configuration, purpose: .change, logger: logger)
        let client = JobClient(broker: platform.broker, store: platform.store)
        return client.keeping(OpenPlatform(platform))
    }
}

/// Closes the platform when nobody uses it any more.
private final class OpenPlatform: Sendable {
    private let platform: Platform

    init(_ platform: Platform) {
        self.platform = platform
    }

    deinit {
        Task { [platform] in await platform.close() }
    }
}
