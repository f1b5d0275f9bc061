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
        if let verb = registry.verbs.first(where: { arguments.starts(with: $0.words) }) {
            let context = context(registry, environment, output, input)
            return await context.run(verb, Array(arguments.dropFirst(verb.words.count)), asJSON: asJSON)
        }
        do {
            let command: any ParsableCommand
            do {
                command = try RootCommand.parseAsRoot(arguments)
            } catch {
                return answer(error, output, asJSON: asJSON, families: registry.verbs)
            }
            guard let verb = command as? any JobsCommand else {
                var helper = command
                do {
                    try helper.run()
                } catch {
                    return answer(error, output, asJSON: asJSON, families: registry.verbs)
                }
                return .ok
            }
            try await verb.execute(context(registry, environment, output, input))
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

    private static func context(
        _ registry: JobRegistry,
        _ environment: [String: String],
        _ output: CommandOutput,
        _ input: CommandInput
    ) -> CommandContext {
        let isJSON = environment["JOBS_LOG_FORMAT"] == "json"
        var logger = Logger(label: "jobctl") { label -> any LogHandler in
            isJSON ? JSONLogHandler() : StreamLogHandler.standardError(label: label)
        }
        logger.logLevel = environment["JOBS_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) } ?? .warning
        return CommandContext(
            registry: registry,
            environment: environment,
            output: output,
            input: input,
            logger: logger
        )
    }

    /// The parser's errors are help, which is no failure, or usage.
    private static func answer(
        _ error: any Error,
        _ output: CommandOutput,
        asJSON: Bool,
        families: [FamilyVerb] = []
    ) -> ExitStatus {
        if RootCommand.exitCode(for: error).isSuccess {
            let message = RootCommand.fullMessage(for: error)
            output.print(message)
            // Of the root alone: its help lists the verbs.
            if !families.isEmpty, message.contains("LOOK:") {
                output.print("\nFAMILIES:")
                for verb in families { output.print("  \(verb.usage)\n      \(verb.abstract)") }
            }
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
