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

    /// Opens the platform for one verb and closes it whatever happens. Only a verb that `creates` may find no store.
    /// - Parameter role: whose right the verb needs, where the purpose does not say it.
    package func withPlatform<T>(
        _ purpose: PlatformPurpose,
        creates: Bool = false,
        role: OperatorRole? = nil,
        _ body: (Platform) async throws -> T
    ) async throws -> T {
        let configuration = try PlatformConfiguration.fromEnvironment(environment)
        if !creates, let path = configuration.missingFile {
            throw CommandFailure(
                .failed,
                "store_missing",
                "there is no store at \(path)",
                remedy: "jobctl migrate apply, or run jobctl in the directory that holds .jobs"
            )
        }
        let platform = try await Platform.open(
            configuration,
            purpose: purpose,
            families: registry.migrations,
            logger: logger
        )
        do {
            let value = try await body(platform)
            await platform.close()
            return value
        } catch {
            await platform.close()
            throw CommandFailure(forbidden: error, needing: role ?? purpose.role) ?? error
        }
    }

    package var jobsDirectory: String { environment["JOBS_DIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "jobs" }

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
            output.warn(
                "the declarations in \(jobsDirectory) are not used: \(error.problems.count) mistakes; jobctl doctor"
            )
            return nil
        }
    }

    /// Who does it, for the audit: a name, not a proof.
    package var actor: String {
        environment["JOBS_ACTOR"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "uid \(getuid())"
    }
}

extension PlatformPurpose {
    fileprivate var role: OperatorRole {
        switch self {
        case .look: .viewer
        case .change: .oper
        case .daemon, .migrate: .admin
        }
    }
}

extension PlatformConfiguration {
    /// The path of an embedded store that does not exist yet.
    var missingFile: String? {
        guard case .embedded(let path) = choice, !FileManager.default.fileExists(atPath: path) else { return nil }
        return path
    }
}
