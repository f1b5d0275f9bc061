import Foundation

/// Alerts that match are not told to anybody until its end.
package struct AlertSilence: Sendable, Equatable {
    package let id: String
    /// A name, or `NAME|queue=mail`; `*` for all.
    package let pattern: String
    package let until: Timestamp
    package let createdBy: String
    package let reason: String?

    package func matches(_ finding: AlertFinding) -> Bool {
        let parts = pattern.split(separator: "|").map(String.init)
        guard let name = parts.first else { return false }
        let labels = finding.labels.map { "\($0.key)=\($0.value)" }
        return (name == "*" || name == finding.name.rawValue) && parts.dropFirst().allSatisfy(labels.contains)
    }
}

extension Store {
    /// Firing ones, and those that ended within a day; the firing first.
    package func alerts() async throws(StoreError) -> [AlertRecord] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select key, name, labels, severity, summary, cause, command, since, last_seen, resolved_at, level, sent_at,
                    acked_at, acked_by
                from alerts where resolved_at is null or resolved_at > (select now_ms()) - 86400000
                order by case when resolved_at is null then 0 else 1 end, since desc, key
                """
            )
            var records: [AlertRecord] = []
            for row in rows {
                if let record = try AlertRecord(row: row) { records.append(record) }
            }
            return records
        }
    }

    package func silences() async throws(StoreError) -> [AlertSilence] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select id, pattern, until_at, created_by, reason from alert_silences
                where until_at > (select now_ms()) order by until_at, id
                """
            )
            var silences: [AlertSilence] = []
            for row in rows {
                silences.append(
                    AlertSilence(
                        id: try row.text("id"),
                        pattern: try row.text("pattern"),
                        until: try row.instant("until_at"),
                        createdBy: try row.text("created_by"),
                        reason: try row.optionalText("reason")
                    )
                )
            }
            return silences
        }
    }

    /// Keeps what a look has found, under the lease; an acknowledgement that came meanwhile stays. False when the lease has
    /// gone.
    package func save(_ records: [AlertRecord], under lease: Lease) async throws(StoreError) -> Bool {
        try await driver.write { session throws(StoreError) in
            guard try session.holds(lease) else { return false }
            try session.executeBatch(
                """
                insert into alerts (key, name, labels, severity, summary, cause, command, since, last_seen, resolved_at,
                    level, sent_at, acked_at, acked_by)
                values (:key, :name, :labels, :severity, :summary, :cause, :command, :since, :last_seen, :resolved_at,
                    :level, :sent_at, null, null)
                on conflict (key) do update set severity = excluded.severity, summary = excluded.summary,
                    cause = excluded.cause, command = excluded.command, last_seen = excluded.last_seen,
                    resolved_at = excluded.resolved_at, level = excluded.level, sent_at = excluded.sent_at,
                    acked_at = case when alerts.since = excluded.since then alerts.acked_at end,
                    acked_by = case when alerts.since = excluded.since then alerts.acked_by end,
                    since = excluded.since
                """,
                records.map(\.parameters)
            )
            try session.execute("delete from alerts where resolved_at < (select now_ms()) - 2592000000")
            try session.execute("delete from alert_silences where until_at < (select now_ms()) - 2592000000")
            return true
        }
    }

    /// Somebody has taken it: it goes no further up, and is not told again. False when no such alert fires.
    package func acknowledge(alert key: String, _ operation: Operation) async throws(StoreError) -> Bool {
        try await driver.write { session throws(StoreError) in
            let changed = try session.execute(
                """
                update alerts set acked_at = (select now_ms()), acked_by = :actor
                where key = :key and resolved_at is null and acked_at is null
                """,
                ["key": .text(key), "actor": .scrubbed(operation.actor, maximumBytes: 256)]
            )
            guard changed == 1 else { return false }
            try session.write(operation)
            return true
        }
    }

    package func silence(
        _ pattern: String,
        for duration: Duration,
        _ operation: Operation
    ) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                insert into alert_silences (id, pattern, until_at, created_by, reason)
                values (:id, :pattern, (select now_ms()) + :duration, :actor, :reason)
                """,
                [
                    "id": .text(operation.id), "pattern": .scrubbed(pattern, maximumBytes: 256),
                    "duration": .int(duration.milliseconds), "actor": .scrubbed(operation.actor, maximumBytes: 256),
                    "reason": operation.reason.map { .scrubbed($0) } ?? .null,
                ]
            )
            try session.write(operation)
        }
    }
}

extension AlertRecord {
    fileprivate var parameters: SQLParameters {
        let labels = (try? JSONEncoder().encode(finding.labels)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return [
            "key": .text(finding.key), "name": .text(finding.name.rawValue), "labels": .text(labels),
            "severity": .text(finding.severity.rawValue), "summary": .scrubbed(finding.summary),
            "cause": .scrubbed(finding.cause), "command": .scrubbed(finding.command), "since": .instant(since),
            "last_seen": .instant(lastSeen), "resolved_at": .instant(resolvedAt), "level": .int(level),
            "sent_at": .instant(sentAt),
        ]
    }

    /// Nil for one of a newer build.
    fileprivate init?(row: SQLRow) throws(StoreError) {
        guard let name = AlertName(rawValue: try row.text("name")),
            let severity = AlertFinding.Severity(rawValue: try row.text("severity"))
        else { return nil }
        let labels = try? JSONDecoder().decode([String: String].self, from: Data(try row.text("labels").utf8))
        let finding = AlertFinding(
            name,
            labels ?? [:],
            severity: severity,
            summary: try row.text("summary"),
            cause: try row.text("cause"),
            command: try row.text("command")
        )
        self.init(finding, since: try row.instant("since"))
        lastSeen = try row.instant("last_seen")
        resolvedAt = try row.optionalInstant("resolved_at")
        level = Int(try row.int("level"))
        sentAt = try row.optionalInstant("sent_at")
        ackedAt = try row.optionalInstant("acked_at")
        ackedBy = try row.optionalText("acked_by")
    }
}
