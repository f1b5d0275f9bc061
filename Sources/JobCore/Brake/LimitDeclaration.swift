/// A bound on what may start, in all processes together.
package struct LimitDeclaration: Sendable, Equatable {
    package enum Scope: Sendable, Equatable {
        /// Every job of the queues that depend on it.
        case dependency(String)
        case queue(String)
        case job(JobName)
    }

    /// `[a-z0-9_]+`, at most 60 bytes.
    package let name: String
    package let scope: Scope
    /// Path of a payload field: each of its values has the limit for itself. Jobs without the field are not limited.
    package let key: String?
    package let rule: LimitRule

    package init(name: String, scope: Scope, key: String? = nil, rule: LimitRule) {
        self.name = name
        self.scope = scope
        self.key = key
        self.rule = rule
    }
}

package enum LimitRule: Sendable, Equatable {
    case rate(Rate)
    case concurrency(Int)
    case quota(Quota)

    package struct Rate: Sendable, Equatable {
        /// Jobs in each `period`.
        package var count: Int
        package var period: Duration
        /// Jobs that may start at once after a rest: 1…1 000 000, default 1.
        package var burst: Int

        package init(count: Int, period: Duration, burst: Int = 1) {
            (self.count, self.period, self.burst) = (count, period, burst)
        }
    }

    package struct Quota: Sendable, Equatable {
        /// Jobs in each calendar period.
        package var budget: Int
        package var period: CalendarPeriod
        package var zone: TimeZoneRules
        /// Share of the budget, 1…100, from which operators are told; default 80.
        package var warnPercent: Int

        package init(budget: Int, period: CalendarPeriod, zone: TimeZoneRules, warnPercent: Int = 80) {
            (self.budget, self.period, self.zone, self.warnPercent) = (budget, period, zone, warnPercent)
        }
    }

    /// The word for it in tables and `--json`.
    package var kind: String {
        switch self {
        case .rate: "rate"
        case .concurrency: "concurrency"
        case .quota: "quota"
        }
    }

    /// As the manifest spells it.
    package var text: String {
        switch self {
        case .rate(let rate): "\(rate.count)/\(rate.period.manifestText) burst \(rate.burst)"
        case .concurrency(let count): "\(count) at once"
        case .quota(let quota): "\(quota.budget) per \(quota.period.rawValue) (\(quota.zone.name))"
        }
    }

    /// The number that `limit set` changes.
    package var amount: Int {
        switch self {
        case .rate(let rate): rate.count
        case .concurrency(let count): count
        case .quota(let quota): quota.budget
        }
    }
}

/// A piece of the calendar of some zone.
package enum CalendarPeriod: String, Sendable, CaseIterable {
    case hour, day, month

    /// The piece that holds an instant: its first one, and the first one after it.
    package func bounds(of instant: Timestamp, in zone: TimeZoneRules) -> (start: Timestamp, end: Timestamp) {
        let seconds = instant.milliseconds.floorDivided(by: 1000)
        let civil = zone.civil(at: seconds)
        switch self {
        case .hour:
            // By the clock that counts on: the repeated hour of a zone's change is an hour of its own.
            let into = civil.seconds - civil.seconds.floorDivided(by: 3600) * 3600
            let start = seconds - into
            return (Timestamp(milliseconds: start * 1000), Timestamp(milliseconds: (start + 3600) * 1000))
        case .day:
            return (edge(civil.day, zone), edge(civil.day.advanced(by: 1), zone))
        case .month:
            let (year, month, _) = civil.day.calendar
            let next =
                month == 12
                ? CivilDay(year: year + 1, month: 1, day: 1) : CivilDay(year: year, month: month + 1, day: 1)
            return (edge(CivilDay(year: year, month: month, day: 1), zone), edge(next, zone))
        }
    }

    private func edge(_ day: CivilDay, _ zone: TimeZoneRules) -> Timestamp {
        Timestamp(milliseconds: zone.instant(of: CivilTime(day: day)) * 1000)
    }
}
