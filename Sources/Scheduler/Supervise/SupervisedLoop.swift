import JobCore
package import Logging
package import ServiceLifecycle

/// Keeps one loop going: when it ends before its time, or throws, it is begun again with a growing pause. It never takes
/// the process or the other loops down.
package struct SupervisedLoop: Service {
    private let name: String
    private let mark: LoopMark
    private let logger: Logger
    private let loop: any Service

    package init(_ name: String, board: LoopBoard, logger: Logger, _ loop: (LoopMark) -> any Service) {
        self.name = name
        self.logger = logger
        mark = board.mark(name)
        self.loop = loop(mark)
    }

    package func run() async throws {
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(30))
        while true {
            let began = ContinuousClock.now
            do {
                try await loop.run()
                if Task.isShuttingDownGracefully || Task.isCancelled { return }
                mark.failed("ended")
            } catch {
                if Task.isShuttingDownGracefully || Task.isCancelled { return }
                mark.failed("\(error)")
                logger.error("loop failed, begins again", metadata: [LogKey.name: "\(name)", LogKey.error: "\(error)"])
            }
            if began.duration(to: .now) > .seconds(60) { backoff.reset() }
            let pause = backoff.next()
            await cancelWhenGracefulShutdown { try? await Task.sleep(for: pause) }
            if Task.isShuttingDownGracefully || Task.isCancelled { return }
        }
    }
}
