import Foundation
package import JobCore
package import Logging

/// What a verb works with, beside its arguments.
package struct CommandContext: Sendable {
    package let registry: JobRegistry
    package let environment: [String: String]
    package let output: CommandOutput
    package let input: CommandInput
    package let logger: Logger

    package init(
        registry: JobRegistry,
        environment: [String: String],
        output: CommandOutput,
        input: CommandInput,
        logger: Logger
    ) {
        self.registry = registry
        self.environment = environment
        self.output = output
        self.input = input
        self.logger = logger
    }

    /// Opens the platform for one verb and closes it whatever happens.
    package func withPlatform<T>(
        _ purpose: PlatformPurpose,
        _ body: (Platform) async throws -> T
    ) async throws -> T {
        let platform = try await open(purpose)
        do {
            let value = try await body(platform)
            await platform.close()
            return value
        } catch {
            await platform.close()
            throw error
        }
    }

    package func open(_ purpose: PlatformPurpose) async throws -> Platform {
        try await Platform.open(
            try PlatformConfiguration.fromEnvironment(environment),
            purpose: purpose,
            logger: logger
        )
    }

    package var jobsDirectory: String { environment["JOBS_DIR"] ?? "jobs" }

    /// The declarations, for verbs that need them.
    package func manifest() throws(ManifestError) -> Manifest {
        try Manifest.load(directory: jobsDirectory)
    }

    /// The declarations where there are good ones, for verbs that also work without; mistakes are told on stderr.
    package func manifestIfAny() -> Manifest? {
        guard FileManager.default.fileExists(atPath: jobsDirectory) else { return nil }
        do {
            return try manifest()
        } catch {
            output.warn("the declarations in \(jobsDirectory) are not used: \(error.problems.count) mistakes; jobctl doctor")
            return nil
        }
    }

    /// Who does it, for the audit: a name, not a proof.
    package var actor: String {
        environment["JOBS_ACTOR"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "uid \(getuid())"
    }
}
