/// An alert over its life: when it began, whom it has reached, and whether somebody has taken it.
package struct AlertRecord: Sendable, Equatable {
    package var finding: AlertFinding
    package var since: Timestamp
    package var lastSeen: Timestamp
    package var resolvedAt: Timestamp?
    /// The highest level of the escalation that has been told; -1 before the first.
    package var level = -1
    package var sentAt: Timestamp?
    package var ackedAt: Timestamp?
    package var ackedBy: String?

    package init(_ finding: AlertFinding, since: Timestamp) {
        self.finding = finding
        self.since = since
        lastSeen = since
    }

    package var isFiring: Bool { resolvedAt == nil }
}

/// Something to be told, and to which levels.
package struct AlertNotice: Sendable, Equatable {
    package let record: AlertRecord
    package let levels: ClosedRange<Int>
    package var isResolved: Bool { !record.isFiring }
}

/// When people are told, and when it is over.
package struct AlertPolicy: Sendable, Equatable {
    package struct Level: Sendable, Equatable {
        /// `on_call`, `lead`, `manager`, …
        package var name: String
        /// Told when nobody has acknowledged for so long.
        package var after: Duration
        package var receivers: [String]

        package init(name: String, after: Duration, receivers: [String]) {
            self.name = name
            self.after = after
            self.receivers = receivers
        }
    }

    package var levels: [Level] = []
    /// Not seen for so long, it is over.
    package var resolveAfter: Duration = .seconds(30)
    /// What goes on is told again.
    package var repeatEvery: Duration = .seconds(4 * 3600)

    package init() {}
}

extension AlertRecord {
    /// What a look at the platform makes of an alert. Pure.
    /// - Parameters:
    ///   - record: nil when it has never fired, or long ago.
    ///   - finding: nil when nothing is wrong.
    package static func step(
        _ record: AlertRecord?,
        _ finding: AlertFinding?,
        isSilenced: Bool,
        policy: AlertPolicy,
        now: Timestamp
    ) -> (record: AlertRecord?, notice: AlertNotice?) {
        guard let finding else { return resolve(record, policy: policy, now: now) }
        var next = record.flatMap { $0.isFiring ? $0 : nil } ?? AlertRecord(finding, since: now)
        next.finding = finding
        next.lastSeen = now
        guard !isSilenced, !policy.levels.isEmpty else { return (next, nil) }
        let reached = reachedLevel(next, policy: policy, now: now)
        if reached > next.level {
            let levels = (next.level + 1)...reached
            next.level = reached
            next.sentAt = now
            return (next, AlertNotice(record: next, levels: levels))
        }
        // One that was to be told, and of which nobody knows whether it was, is told again.
        let isDue = next.sentAt.map { now.duration(since: $0) >= policy.repeatEvery } ?? true
        guard isDue, next.ackedAt == nil else { return (next, nil) }
        next.sentAt = now
        return (next, AlertNotice(record: next, levels: 0...next.level))
    }

    /// This record while people are being told: should that be cut off, whoever leads next tells them.
    /// - Parameter before: as it was kept until now.
    package func untold(_ before: AlertRecord?) -> AlertRecord {
        var record = self
        if isFiring { record.sentAt = nil } else { record.resolvedAt = before?.resolvedAt }
        return record
    }

    private static func resolve(
        _ record: AlertRecord?,
        policy: AlertPolicy,
        now: Timestamp
    ) -> (record: AlertRecord?, notice: AlertNotice?) {
        guard var record, record.isFiring else { return (record, nil) }
        guard now.duration(since: record.lastSeen) >= policy.resolveAfter else { return (record, nil) }
        record.resolvedAt = now
        guard record.level >= 0 else { return (record, nil) }
        return (record, AlertNotice(record: record, levels: 0...record.level))
    }

    /// Warnings stay with the first level; what somebody has taken goes no further.
    private static func reachedLevel(_ record: AlertRecord, policy: AlertPolicy, now: Timestamp) -> Int {
        if record.ackedAt != nil { return record.level }
        guard record.finding.severity == .critical else { return 0 }
        let age = now.duration(since: record.since)
        return policy.levels.lastIndex { $0.after <= age } ?? 0
    }
}
