import Foundation
import JobCore

/// What a demo came to, read from the store after everything has drained.
package struct DemoSummary: Sendable, Encodable {
    package struct Lane: Sendable, Encodable {
        package let queue: String
        package let lane: String
        package let done: Int64
        package let retried: Int64
        package let dead: Int64
        package let replayed: Int64
        package let p50Ms: Int64?
        package let p95Ms: Int64?
    }

    package let profile: String
    package let queues: [Lane]
    package let enqueued: Int
    package let replayed: Int
    /// Rows in `probe_effects`.
    package let effects: Int64
    package let mails: Int
    package let mailFolder: String?
    package let seconds: Double

    static func reports(_ platform: Platform) async throws -> [LaneReport] {
        let record = try await platform.store.lanes()
        let depths = try await platform.broker.depths(record.brokerQueues)
        return LaneReport.all(of: record, depths: depths, thresholds: [:])
    }

    static func read(
        _ platform: Platform,
        enqueued: Int,
        replayed: Int,
        yields: [DemoScene.Yield],
        took: Duration
    ) async throws -> DemoSummary {
        let effects = try await platform.store.driver.read { session throws(StoreError) in
            try session.query("select count(*) as effects from probe_effects").first?.int("effects") ?? 0
        }
        let lanes = try await reports(platform).filter { $0.flow != FlowCounts() || $0.dead > 0 }.map { report in
            Lane(
                queue: report.address.queue,
                lane: report.address.lane.rawValue,
                done: report.flow.done,
                retried: report.flow.retried,
                dead: report.dead,
                replayed: report.flow.replayed,
                p50Ms: report.flow.latency.percentile(0.5),
                p95Ms: report.flow.latency.percentile(0.95)
            )
        }
        let mails = yields.first { $0.name == "mails" }
        return DemoSummary(
            profile: platform.profile.rawValue,
            queues: lanes,
            enqueued: enqueued,
            replayed: replayed,
            effects: effects,
            mails: mails?.count ?? 0,
            mailFolder: mails?.folder,
            seconds: (took.seconds * 10).rounded() / 10
        )
    }

    var lines: [String] {
        func milliseconds(_ value: Int64?) -> String { value.map { "\($0) ms" } ?? "–" }
        let header = ["queue", "done", "retried", "dead", "replayed", "p50", "p95"]
        let rows = queues.map { lane in
            [
                QueueAddress(lane.queue, JobCore.Lane(rawValue: lane.lane) ?? .normal).name, "\(lane.done)",
                "\(lane.retried)",
                "\(lane.dead)", "\(lane.replayed)", milliseconds(lane.p50Ms), milliseconds(lane.p95Ms),
            ]
        }
        var lines = ["", "summary (from the store; p50 and p95 from enqueue to done)"]
        lines += LiveTable.aligned([header] + rows)
        if let mailFolder { lines.append("\(mails) mails as .eml in \(mailFolder)") }
        let left = queues.reduce(0) { $0 + $1.dead }
        if left > 0 { lines.append("\(left) letters are left for you: ./jobctl dead groups") }
        lines.append("\(enqueued) jobs enqueued, \(effects) effects recorded, \(seconds) s")
        return lines
    }

    package func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }
}
