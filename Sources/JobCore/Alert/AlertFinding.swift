/// Something that is wrong right now, with everything that whoever is woken up needs.
package struct AlertFinding: Sendable, Equatable {
    package enum Severity: String, Sendable, Comparable, CaseIterable {
        /// Nothing is wrong: says that alerts arrive.
        case none
        /// Worth a look in working hours, and told before it gets worse.
        case warning
        /// Wakes people up.
        case critical

        package static func < (left: Severity, right: Severity) -> Bool {
            left.rank < right.rank
        }

        private var rank: Int { Severity.allCases.firstIndex(of: self) ?? 0 }
    }

    /// Also the name of its runbook: docs/runbooks/NAME.md.
    package let name: AlertName
    /// What it is about, beside its name: queue, lane, process. Part of its identity.
    package let labels: [String: String]
    package let severity: Severity
    /// The queue and the number, in one line.
    package let summary: String
    package let cause: String
    /// What to type first.
    package let command: String

    package init(
        _ name: AlertName,
        _ labels: [String: String] = [:],
        severity: Severity,
        summary: String,
        cause: String,
        command: String
    ) {
        self.name = name
        self.labels = labels
        self.severity = severity
        self.summary = summary
        self.cause = cause
        self.command = command
    }

    /// The same for the same trouble, in every process and for ever.
    package var key: String {
        ([name.rawValue] + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: "|")
    }

    package var runbook: String { "docs/runbooks/\(name.rawValue).md" }
}

package enum AlertName: String, Sendable, CaseIterable {
    case lagHigh = "lag_high"
    case lagRising = "lag_rising"
    case lagUnknown = "lag_unknown"
    case noWorkers = "no_workers"
    case waitingOverdue = "waiting_overdue"
    case breakerOpen = "breaker_open"
    case quotaNear = "quota_near"
    case outboxBehind = "outbox_behind"
    case deadGrowing = "dead_growing"
    case failureRatio = "failure_ratio"
    case unroutable
    case loopsStopped = "loops_stopped"
    case loopFailing = "loop_failing"
    case brokerDown = "broker_down"
    case brokerAlarm = "broker_alarm"
    case storeDown = "store_down"
    case diskLow = "disk_low"
    case clockOff = "clock_off"
    case scheduleMissed = "schedule_missed"
    case watchdog
}
