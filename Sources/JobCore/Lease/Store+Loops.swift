import Foundation

/// One loop of one process, as it last said of itself.
package struct LoopRecord: Sendable, Equatable {
    /// `promoter`, `collector`, `cron`, …
    package let name: String
    package let process: String
    package let host: String
    package let pid: Int
    /// Holds the lease, where the loop needs one.
    package let leads: Bool
    package let age: Duration
    /// Since its last turn without an error; nil before the first.
    package let workedAgo: Duration?
    package let error: String?
}

/// What a loop says of itself.
package struct LoopSign: Sendable, Equatable {
    package var leads = false
    /// Since its last good turn.
    package var worked: ContinuousClock.Instant?
    package var error: String?

    package init() {}
}

extension Store {
    package func sign(_ loops: [String: LoopSign], process: String) async throws(StoreError) {
        let (host, pid) = (ProcessInfo.processInfo.hostName, Int(ProcessInfo.processInfo.processIdentifier))
        try await driver.write { session throws(StoreError) in
            try session.executeBatch(
                """
                insert into loops (name, process, host, pid, leads, at_ms, worked_at, error)
                values (:name, :process, :host, :pid, :leads, (select now_ms()), (select now_ms()) - :ago, :error)
                on conflict (name, process) do update set leads = excluded.leads, at_ms = excluded.at_ms,
                    worked_at = coalesce(excluded.worked_at, loops.worked_at), error = excluded.error
                """,
                loops.sorted { $0.key < $1.key }.map { name, sign in
                    [
                        "name": .text(name), "process": .text(process), "host": .text(host), "pid": .int(pid),
                        "leads": .int(sign.leads ? 1 : 0),
                        "ago": sign.worked.map { .int($0.duration(to: .now).milliseconds) } ?? .null,
                        "error": sign.error.map { .scrubbed($0, maximumBytes: 256) } ?? .null,
                    ]
                }
            )
            try session.execute("delete from loops where at_ms < (select now_ms()) - 86400000")
        }
    }

    /// The process has ended in peace: its loops are no more.
    package func forgetLoops(of process: String) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.execute("delete from loops where process = :process", ["process": .text(process)])
        }
    }

    /// Loops that have said something within a day, the latest first.
    package func loops() async throws(StoreError) -> [LoopRecord] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select name, process, host, pid, leads, (select now_ms()) - at_ms as age,
                    (select now_ms()) - worked_at as worked_ago, error
                from loops order by name, at_ms desc
                """
            )
            var records: [LoopRecord] = []
            for row in rows {
                records.append(
                    LoopRecord(
                        name: try row.text("name"),
                        process: try row.text("process"),
                        host: try row.text("host"),
                        pid: Int(try row.int("pid")),
                        leads: try row.int("leads") == 1,
                        age: .milliseconds(try row.int("age")),
                        workedAgo: try row.optionalInt("worked_ago").map { .milliseconds($0) },
                        error: try row.optionalText("error")
                    )
                )
            }
            return records
        }
    }
}
