import JobCore

/// A key as the live view knows it.
enum WatchKey: Sendable, Equatable {
    case up, down, enter, back, end
    case other
}

/// A line of the screen.
struct WatchLine: Sendable, Equatable {
    enum Style: Sendable { case plain, heading, chosen, bad, faint }

    var text: String
    var style: Style = .plain
}

/// The live view of the queues: what it shows, and what keys do to it. A value; drawing it twice gives the same.
struct WatchModel: Sendable {
    /// One refresh.
    struct Sight: Sendable {
        var reports: [LaneReport] = []
        var workers: [WorkerRecord] = []
        /// Of the lane that is looked into.
        var groups: [DeadLetterGroup] = []
    }

    /// So many refreshes make the trend.
    private static let memory = 10
    private static let bars = Array("▁▂▃▄▅▆▇█")

    private let title: String
    private(set) var sight = Sight()
    private var lags: [QueueAddress: [Double?]] = [:]
    private var chosen: QueueAddress?
    /// The lane that is looked into.
    private(set) var inside: QueueAddress?
    private var failure: String?
    private(set) var hasEnded = false

    init(title: String) {
        self.title = title
    }

    mutating func update(_ result: Result<Sight, CommandFailure>) {
        switch result {
        case .failure(let error): failure = error.message
        case .success(let sight):
            self.sight = sight
            failure = nil
            for report in sight.reports {
                let past = lags[report.address] ?? []
                lags[report.address] = Array((past + [report.lag.lag?.seconds]).suffix(WatchModel.memory))
            }
            if chosen == nil || !sight.reports.contains(where: { $0.address == chosen }) {
                chosen = sight.reports.first?.address
            }
        }
    }

    mutating func press(_ key: WatchKey) {
        let addresses = sight.reports.map(\.address)
        let position = addresses.firstIndex { $0 == chosen } ?? 0
        switch key {
        case .up: chosen = addresses.isEmpty ? nil : addresses[max(0, position - 1)]
        case .down: chosen = addresses.isEmpty ? nil : addresses[min(addresses.count - 1, position + 1)]
        case .enter: inside = inside ?? chosen
        case .back: inside = nil
        case .end: hasEnded = true
        case .other: break
        }
    }

    /// Exactly `height` lines of at most `width` characters.
    func lines(width: Int, height: Int) -> [WatchLine] {
        let (width, height) = (max(20, width), max(4, height))
        var body: [WatchLine]
        var footer = "↑↓ choose   Enter look into it   q end"
        if let inside, let report = sight.reports.first(where: { $0.address == inside }) {
            body = lane(report, width)
            footer = "Esc back   q end"
        } else {
            body = lanes()
        }
        var head = [WatchLine(text: title, style: .faint)]
        if let failure { head.append(WatchLine(text: "cannot look: \(failure)", style: .bad)) }
        let room = height - head.count - 1
        if body.count > room {
            body = scrolled(body, room)
        }
        body += Array(repeating: WatchLine(text: ""), count: max(0, room - body.count))
        return (head + body + [WatchLine(text: footer, style: .faint)]).map { line in
            WatchLine(text: String(Table.clean(line.text).prefix(width)), style: line.style)
        }
    }

    /// The heading stays, the chosen line is in sight.
    private func scrolled(_ body: [WatchLine], _ room: Int) -> [WatchLine] {
        let position = body.firstIndex { $0.style == .chosen } ?? 1
        let first = min(max(1, position - (room - 2)), body.count - (room - 1))
        return [body[0]] + body[first..<(first + room - 1)]
    }

    private func lanes() -> [WatchLine] {
        guard !sight.reports.isEmpty else { return [WatchLine(text: "no queues: jobctl topology apply")] }
        let heading = WatchModel.row("QUEUE", "READY", "RUN", "WAIT", "DEAD", "LAG", "TREND", "STATE")
        return [WatchLine(text: heading, style: .heading)]
            + sight.reports.map { report in
                let text = WatchModel.row(
                    report.address.name,
                    Spoken.count(report.ready),
                    Spoken.count(report.running),
                    Spoken.count(report.waiting + report.overdue),
                    Spoken.count(report.dead),
                    Spoken.duration(report.lag.lag),
                    trend(report.address, threshold: report.threshold),
                    report.state == .running ? report.verdict.rawValue : report.state.rawValue
                )
                let isChosen = report.address == chosen
                return WatchLine(
                    text: text,
                    style: isChosen ? .chosen : report.isOK ? .plain : .bad
                )
            }
    }

    private static func row(
        _ queue: String,
        _ ready: String,
        _ running: String,
        _ waiting: String,
        _ dead: String,
        _ lag: String,
        _ trend: String,
        _ state: String
    ) -> String {
        // The end of a name is its lane.
        func left(_ text: String, _ width: Int) -> String {
            text.count > width
                ? text.prefix(width - 9) + "…" + text.suffix(8)
                : text + String(repeating: " ", count: width - text.count)
        }
        func right(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        return [
            left(queue, 19), right(ready, 7), right(running, 4), right(waiting, 6), right(dead, 5), right(lag, 8),
            left(trend, 10), state,
        ].joined(separator: " ")
    }

    /// A bar a refresh, full at the lane's threshold; a dot where the lag could not be told.
    private func trend(_ address: QueueAddress, threshold: Duration) -> String {
        String(
            (lags[address] ?? []).map { lag in
                guard let lag else { return "·" }
                let share = min(1, lag / max(0.001, threshold.seconds))
                return WatchModel.bars[min(7, Int(share * 8))]
            }
        )
    }

    private func lane(_ report: LaneReport, _ width: Int) -> [WatchLine] {
        let name = report.address.name
        var lines = [
            WatchLine(text: "\(name)  \(report.verdict.rawValue)", style: .heading),
            WatchLine(
                text: "ready \(Spoken.count(report.ready))  running \(report.running)  waiting \(report.waiting)  "
                    + "overdue \(report.overdue)  dead \(report.dead)"
            ),
            WatchLine(
                text: "lag \(Spoken.duration(report.lag.lag)) of \(Spoken.duration(report.threshold))  "
                    + "in \(Spoken.rate(report.inRate))/s  out \(Spoken.rate(report.outRate))/s  drained in "
                    + (report.forecast.drain.map { Spoken.duration($0) } ?? "-"),
                style: report.isOK ? .plain : .bad
            ),
        ]
        if report.state != .running {
            let until = report.until.map { " until \($0)" } ?? ""
            lines.append(WatchLine(text: "\(report.state.rawValue)\(until): \(report.reason ?? "")", style: .bad))
        }
        let workers = sight.workers.filter { $0.state != .gone && $0.queues.contains(name) }
        lines += [WatchLine(text: ""), WatchLine(text: "WORKERS", style: .heading)]
        lines += workers.map { worker in
            let oldest = worker.running.first.map { "  oldest \($0.job) \(Spoken.duration(.seconds($0.ageSeconds)))" }
            return WatchLine(
                text: "\(worker.host) pid \(worker.pid)  \(worker.state.rawValue)  build \(worker.build)  running "
                    + "\(worker.runningCounts[name] ?? 0)\(oldest ?? "")"
            )
        }
        if workers.isEmpty {
            lines.append(WatchLine(text: "nobody serves it: jobctl work --queues \(report.address.queue)", style: .bad))
        }
        lines += [WatchLine(text: ""), WatchLine(text: "DEAD LETTERS", style: .heading)]
        lines += sight.groups.map { group in
            WatchLine(
                text: "\(group.count)  \(group.job)  \(group.errorType)  \(group.fingerprint)  \(group.errorMessage)"
            )
        }
        if sight.groups.isEmpty { lines.append(WatchLine(text: "none")) }
        return lines
    }
}
