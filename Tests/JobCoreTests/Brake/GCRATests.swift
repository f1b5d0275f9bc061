import Testing

@testable import JobCore

@Suite struct `The cell rate algorithm` {
    private let start = Timestamp(milliseconds: 1_800_000_000_000)

    @Test func `gives a burst, then one slot an interval, and regains the burst at rest`() {
        let gcra = GCRA(LimitRule.Rate(count: 10, period: .seconds(1), burst: 3))
        var arrival: Int64 = 0
        let waits = (0..<5).map { _ in gcra.reserve(&arrival, now: start) }
        #expect(waits == [.zero, .zero, .zero, .milliseconds(100), .milliseconds(200)])
        let later = start.advanced(by: .seconds(10))
        #expect((0..<4).map { _ in gcra.reserve(&arrival, now: later) } == [.zero, .zero, .zero, .milliseconds(100)])
    }

    /// Against the definition: in no window are there more than the rate and the burst allow, and all of them are used.
    @Test(arguments: 0..<40)
    func `never gives too many, nor too few`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let count = Int.random(in: 1...300, using: &random)
        let period = Duration.milliseconds(Int.random(in: 1...5_000, using: &random))
        let burst = Int.random(in: 1...20, using: &random)
        let gcra = GCRA(LimitRule.Rate(count: count, period: period, burst: burst))
        var arrival: Int64 = 0
        var now = start
        var grants: [Int64] = []
        for _ in 0..<500 {
            now = now.advanced(by: .milliseconds(Int.random(in: 0...20, using: &random)))
            let wait = gcra.reserve(&arrival, now: now)
            grants.append(now.milliseconds * 1_000_000 + Int64(wait / .nanoseconds(1)))
        }
        let interval = Double(period.milliseconds) * 1e6 / Double(count)
        for first in stride(from: 0, to: grants.count, by: 7) {
            for last in stride(from: first, to: grants.count, by: 3) {
                let allowed = Double(burst) + Double(grants[last] - grants[first]) / interval
                #expect(Double(last - first + 1) <= allowed + 1e-6)
            }
        }
        #expect(gcra.interval - Int64(interval) <= 1)
    }

    @Test func `an impossible rate overflows nowhere`() {
        let gcra = GCRA(LimitRule.Rate(count: 1, period: .seconds(31 * 86_400), burst: 1_000_000))
        var arrival: Int64 = 0
        for _ in 0..<100 { #expect(gcra.reserve(&arrival, now: start) == .zero) }
    }
}

@Suite struct `Calendar periods` {
    @Test func `begin and end where the zone's calendar says, also across a change of the clock`() throws {
        let zone = try ZoneFile.rules("America/New_York")
        // 2026-03-08 has 23 hours there.
        let instant = try #require(Timestamp(rfc3339: "2026-03-08T12:00:00Z"))
        let day = CalendarPeriod.day.bounds(of: instant, in: zone)
        #expect(day.start.description == "2026-03-08T05:00:00.000Z")
        #expect(day.end.description == "2026-03-09T04:00:00.000Z")
        let month = CalendarPeriod.month.bounds(of: instant, in: zone)
        #expect(month.start.description == "2026-03-01T05:00:00.000Z")
        #expect(month.end.description == "2026-04-01T04:00:00.000Z")
        let hour = CalendarPeriod.hour.bounds(of: instant.advanced(by: .seconds(1_234)), in: zone)
        #expect(
            hour.start.description == "2026-03-08T12:00:00.000Z" && hour.end.description == "2026-03-08T13:00:00.000Z"
        )
    }

    @Test func `follow each other without gap`() throws {
        let zone = try ZoneFile.rules("America/Sao_Paulo")
        for period in CalendarPeriod.allCases {
            var bounds = period.bounds(of: Timestamp(milliseconds: 1_500_000_000_000), in: zone)
            for _ in 0..<500 {
                let next = period.bounds(of: bounds.end, in: zone)
                #expect(next.start == bounds.end && next.end > next.start)
                bounds = next
            }
        }
    }
}

@Suite struct `The retry budget` {
    @Test func `lets a reserve through, then what first attempts have earned`() {
        let budget = RetryBudget()
        let now = ContinuousClock.now
        let job: JobName = "a.b"
        for _ in 0..<100 { #expect(budget.spend(job, percent: 10, now: now)) }
        #expect(!budget.spend(job, percent: 10, now: now))
        for _ in 0..<20 { budget.earn(job, percent: 10) }
        #expect(budget.spend(job, percent: 10, now: now) && budget.spend(job, percent: 10, now: now))
        #expect(!budget.spend(job, percent: 10, now: now))
        #expect(budget.spend(job, percent: 10, now: now.advanced(by: .milliseconds(100))))
        #expect(budget.spend(job, percent: 100, now: now), "100 % is no budget")
    }
}

@Suite struct `A breaker's policy` {
    @Test func `trips from the share on, when there is enough to say so`() {
        var policy = BreakerPolicy()
        policy.minimum = 10
        #expect(!policy.trips(answered: 0, failed: 9))
        #expect(policy.trips(answered: 0, failed: 10))
        #expect(policy.trips(answered: 5, failed: 5))
        #expect(!policy.trips(answered: 6, failed: 5))
        #expect(!policy.trips(answered: 100, failed: 0))
    }

    @Test func `looks at the newest outcomes that are enough, and at the whole window`() {
        func outcomes(_ pairs: (Int, Int)...) -> [DependencyOutcomes] {
            pairs.map { DependencyOutcomes(answered: $0.0, failed: $0.1) }
        }
        let policy = BreakerPolicy()
        #expect(policy.tripping(outcomes((0, 12), (1, 10), (5_000, 0))).map { "\($0)" } == "(answered: 1, failed: 22)")
        #expect(policy.tripping(outcomes((0, 12), (100, 10), (0, 0))) == nil)
        #expect(policy.tripping(outcomes((20, 0), (0, 30))) != nil, "the whole window")
        #expect(policy.tripping(outcomes((0, 19))) == nil)
        #expect(policy.tripping([]) == nil)
    }

    @Test func `stays open for twice as long each time, up to its cap`() {
        let policy = BreakerPolicy()
        #expect(
            (1...6).map { policy.openTime(openings: $0).milliseconds } == [5000, 10000, 20000, 40000, 60000, 60000]
        )
        #expect(policy.openTime(openings: .max) == .seconds(60))
    }
}
