/// The instants of a cron expression in a zone. A tick that the wall skips comes once, at the first instant after the
/// gap; one that the wall shows twice comes once, the first time.
package struct CronTimetable: Sendable, Equatable {
    package let expression: CronExpression
    package let zone: TimeZoneRules

    package init(_ expression: CronExpression, zone: TimeZoneRules) {
        self.expression = expression
        self.zone = zone
    }

    /// The first instant after `instant`; nil when there is none within a hundred years.
    package func next(after instant: Timestamp) -> Timestamp? {
        let seconds = instant.milliseconds.floorDivided(by: 1000)
        guard let civil = expression.next(after: zone.reached(at: seconds)) else { return nil }
        return Timestamp(milliseconds: zone.instant(of: civil) * 1000)
    }

    /// Those after `start` and not after `end`, at most `limit`, oldest first.
    package func instants(after start: Timestamp, through end: Timestamp, limit: Int) -> [Timestamp] {
        var found: [Timestamp] = []
        var current = start
        while found.count < limit, let next = next(after: current), next <= end {
            found.append(next)
            current = next
        }
        return found
    }
}
