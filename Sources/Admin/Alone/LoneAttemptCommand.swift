import ArgumentParser
import Foundation
import JobCore
import Logging
import Synchronization

/// `jobctl _attempt`: what a worker starts for a job that was running when a process died. Not for people.
struct LoneAttemptCommand: JobsCommand {
    static let configuration = CommandConfiguration(commandName: LoneProcess.verb, shouldDisplay: false)

    func execute(_ context: CommandContext) async throws {
        let socket = LoneSocket(descriptor: LoneProcess.descriptor)
        // Nothing that the worker starts may keep the socket open when this process is gone.
        guard fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC) == 0, let request = socket.receive(),
            let task = try? LoneTask(decoding: request)
        else {
            throw CommandFailure.usage("\(LoneProcess.verb) is started by workers only")
        }
        let logger = context.daemonLogger
        let platform: Platform
        do {
            let configuration = try PlatformConfiguration.fromEnvironment(context.environment)
            platform = try await Platform.open(
                configuration,
                purpose: .change,
                families: context.registry.migrations,
                logger: logger
            )
        } catch {
            logger.error("an attempt cannot begin", metadata: [LogKey.error: "\(error)"])
            _exit(LoneProcess.couldNotBegin)
        }
        let attempt = LoneAttempt(
            registry: context.registry,
            resources: WorkerResources(
                environment: context.environment,
                jobsDirectory: context.jobsDirectory,
                logger: logger
            ),
            broker: platform.broker,
            store: platform.store,
            logger: logger
        )
        let performing = Task { await attempt.perform(task) }
        Thread.detachNewThread {
            // Nothing more is sent: this returns when the parent wants an end, or has ended itself.
            _ = socket.receive()
            // Whoever has this job next must not find it half done by a process that answers nobody.
            if socket.isAbandoned { _exit(LoneProcess.couldNotBegin) }
            performing.cancel()
            Thread.sleep(forTimeInterval: 2)
            _exit(LoneProcess.couldNotBegin)
        }
        let answer = await performing.value
        if let data = try? JSONEncoder().encode(answer) { _ = socket.send(data) }
        await platform.close()
    }
}
