import Foundation
import JobCore
import UnixSignals

/// `queues --watch`: the live view on a terminal, a line a lane a second where it is piped.
struct QueuesWatch {
    private static let period: Duration = .seconds(1)

    private let platform: Platform
    private let thresholds: [String: Duration]
    private let output: CommandOutput

    init(_ platform: Platform, thresholds: [String: Duration], output: CommandOutput) {
        self.platform = platform
        self.thresholds = thresholds
        self.output = output
    }

    func run(asJSON: Bool) async throws {
        guard !asJSON, let terminal = WatchTerminal(isStyled: output.isStyled) else {
            return try await printLines(asJSON: asJSON)
        }
        // Also after an error: a terminal without echo is no terminal.
        defer { terminal.giveBack() }
        var model = WatchModel(title: platform.display)
        let events = Self.events(terminal)
        await refresh(&model)
        draw(model, terminal)
        for await event in events {
            switch event {
            case .signal: return
            case .tick: await refresh(&model)
            case .key(let key):
                let before = model.inside
                model.press(key)
                if model.hasEnded { return }
                if model.inside != before { await refresh(&model) }
            }
            draw(model, terminal)
        }
    }

    private func draw(_ model: WatchModel, _ terminal: WatchTerminal) {
        let size = terminal.size
        terminal.draw(model.lines(width: size.width, height: size.height))
    }

    private enum Event: Sendable {
        case tick, signal
        case key(WatchKey)
    }

    private static func events(_ terminal: WatchTerminal) -> AsyncStream<Event> {
        AsyncStream { continuation in
            let tasks = [
                Task {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: QueuesWatch.period)
                        continuation.yield(.tick)
                    }
                },
                Task { for await key in terminal.keys() { continuation.yield(.key(key)) } },
                Task {
                    for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup) {
                        continuation.yield(.signal)
                    }
                },
            ]
            continuation.onTermination = { _ in for task in tasks { task.cancel() } }
        }
    }

    private func refresh(_ model: inout WatchModel) async {
        do {
            model.update(.success(try await look(model.inside)))
        } catch {
            model.update(.failure(CommandFailure(error)))
        }
    }

    private func look(_ inside: QueueAddress?) async throws -> WatchModel.Sight {
        var sight = WatchModel.Sight()
        sight.reports = try await LaneReport.all(platform, thresholds: thresholds, output: output, isQuiet: true)
        guard let inside else { return sight }
        sight.workers = try await platform.store.workers()
        var selector = Selector()
        selector.queue = inside.queue
        selector.limit = 10
        sight.groups = try await platform.store.deadLetterGroups(selector)
        return sight
    }

    /// Until the reader has enough, or a signal.
    private func printLines(asJSON: Bool) async throws {
        while true {
            let now = try await platform.store.now()
            for report in try await LaneReport.all(platform, thresholds: thresholds, output: output) {
                if asJSON {
                    output.print(report.json)
                } else {
                    output.print(
                        "\(now) \(report.address.name) ready=\(Spoken.count(report.ready)) running=\(report.running) "
                            + "waiting=\(report.waiting) overdue=\(report.overdue) dead=\(report.dead) "
                            + "lag=\(report.lag.lag.map { "\($0.seconds)" } ?? "unknown") state=\(report.state.rawValue) "
                            + "verdict=\(report.verdict.rawValue)"
                    )
                }
            }
            try await Task.sleep(for: QueuesWatch.period)
        }
    }
}
