import ArgumentParser
import Foundation
public import JobCore
import Logging

/// The platform's command line, for a program that brings its own job types.
public enum JobsMain {
    /// Runs the verb in the process's arguments and ends the process with its status: 0 ok · 1 failed · 2 usage ·
    /// 3 a check did not hold · 4 try again later.
    public static func run(_ registry: JobRegistry) async {
        let environment = ProcessInfo.processInfo.environment
        let status = await execute(
            arguments: Array(CommandLine.arguments.dropFirst()),
            registry: registry,
            environment: environment,
            output: .standard(environment),
            input: .standard
        )
        exit(status.rawValue)
    }

    /// Runs one verb inside this process.
    package static func execute(
        arguments: [String],
        registry: JobRegistry,
        environment: [String: String],
        output: CommandOutput,
        input: CommandInput
    ) async -> ExitStatus {
        var registry = registry
        registry.registerSystemJobs()
        let asJSON = arguments.prefix { $0 != "--" }.contains("--json")
        do {
            let command: any ParsableCommand
            do {
                command = try RootCommand.parseAsRoot(arguments)
            } catch {
                return answer(error, output, asJSON: asJSON)
            }
            guard let verb = command as? any JobsCommand else {
                var helper = command
                do {
                    try helper.run()
                } catch {
                    return answer(error, output, asJSON: asJSON)
                }
                return .ok
            }
            var logger = Logger(label: "jobctl") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = environment["JOBS_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) } ?? .warning
            let context = CommandContext(
                registry: registry,
                environment: environment,
                output: output,
                input: input,
                logger: logger
            )
            try await verb.execute(context)
            return .ok
        } catch let status as ExitRequest {
            return status.status
        } catch let error as ValidationError {
            return answer(error, output, asJSON: asJSON)
        } catch {
            let failure = CommandFailure(error)
            output.report(failure, asJSON: asJSON)
            return failure.status
        }
    }

    /// The parser's errors are help, which is no failure, or usage.
    private static func answer(_ error: any Error, _ output: CommandOutput, asJSON: Bool) -> ExitStatus {
        if RootCommand.exitCode(for: error).isSuccess {
            output.print(RootCommand.fullMessage(for: error))
            return .ok
        }
        if asJSON {
            output.report(.usage(RootCommand.message(for: error), remedy: "jobctl help"), asJSON: true)
        } else {
            output.error("jobctl: \(RootCommand.message(for: error))")
            output.error("  do: jobctl help")
        }
        return .usage
    }
}

/// Ends a verb that has already said everything with a status that is not 0.
struct ExitRequest: Error {
    let status: ExitStatus

    init(_ status: ExitStatus) {
        self.status = status
    }
}
