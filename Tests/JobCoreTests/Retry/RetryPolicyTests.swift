import Testing

@testable import JobCore

@Suite struct `Retry policy` {
    static let policy = RetryPolicy(base: .seconds(5), cap: .seconds(600), maximumAttempts: 8)

    @Test(arguments: [(1, 5), (2, 10), (3, 20), (4, 40), (7, 320), (8, 600), (9, 600), (1_000_000, 600)])
    func `the ceiling doubles up to the cap`(attempt: Int, seconds: Int) {
        #expect(Self.policy.ceiling(afterAttempt: attempt) == .seconds(seconds))
    }

    @Test func `defaults are five seconds, ten minutes and eight attempts`() {
        #expect(RetryPolicy() == Self.policy)
    }

    @Test(arguments: [(UInt64(0), 0), (.max / 2, 2500), (.max, 5000)])
    func `full jitter spans everything from zero to the ceiling`(random: UInt64, milliseconds: Int) {
        #expect(Self.policy.delay(afterAttempt: 1, random: random) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        (0, 20_000), (1, 20_000), (60, 60_000), (86_400, 86_400_000), (864_000, 86_400_000), (-5, 20_000),
    ])
    func `a peer's wish is never undercut, and a day at most`(seconds: Int, longest: Int) {
        let wish = Duration.seconds(seconds)
        for random in [0, UInt64.max / 3, .max] {
            let delay = Self.policy.delay(afterAttempt: 3, retryAfter: wish, random: random)
            #expect(delay >= min(wish, .seconds(86_400)))
            #expect(delay <= .milliseconds(longest + longest / 10))
        }
    }

    @Test func `a thousand jobs told the same delay do not return together`() {
        var generator = SystemRandomNumberGenerator()
        let delays = (0..<1000).map { _ in
            Self.policy.delay(afterAttempt: 1, retryAfter: .seconds(60), random: generator.next())
        }
        #expect(Set(delays).count > 500)
        #expect(delays.allSatisfy { $0 >= .seconds(60) && $0 <= .seconds(66) })
    }

    @Test func `whatever the numbers, delays stay within bounds and ceilings never fall`() {
        var generator = SystemRandomNumberGenerator()
        let extremes: [Duration] = [
            .zero, .milliseconds(1), .seconds(-1), .milliseconds(Int64.max), .seconds(Int64.max),
        ]
        for round in 0..<2000 {
            let base = round < 50 ? extremes[round % 5] : .milliseconds(Int64.random(in: 0...10_000_000))
            let cap = round < 50 ? extremes[round / 5 % 5] : .milliseconds(Int64.random(in: 0...100_000_000))
            let policy = RetryPolicy(base: base, cap: cap)
            var previous = Duration.zero
            for attempt in [Int.min, -1, 0, 1, 2, 3, 10, 40, 63, 64, 65, 1000, .max] {
                let ceiling = policy.ceiling(afterAttempt: attempt)
                #expect(ceiling >= previous)
                #expect(ceiling <= max(cap, .zero))
                previous = ceiling
                let delay = policy.delay(afterAttempt: attempt, random: generator.next())
                #expect((.zero...ceiling).contains(delay))
            }
        }
    }

    @Test func `the last attempt is followed by death`() {
        for attempt in [8, 9, Int.max] {
            let decision = Self.policy.decision(afterAttempt: attempt, label: "x", random: 0)
            #expect(decision == .dead(.outOfAttempts(8)))
        }
        #expect(
            Self.policy.decision(afterAttempt: 7, label: "x", random: .max) == .retry(after: .seconds(320))
        )
    }

    static let ruled = RetryPolicy(
        labels: [
            "quota": .retry(after: .seconds(3600), maximumAttempts: nil),
            "flaky": .retry(after: nil, maximumAttempts: 20),
            "brief": .retry(after: .seconds(1), maximumAttempts: 2),
            "bad_address": .dead,
            "smtp_down": .park("smtp"),
        ]
    )

    @Test(
        arguments: [
            (1, "quota", nil, .retry(after: .seconds(3600))),
            (1, "quota", .seconds(7200), .retry(after: .seconds(7200))),
            (8, "quota", nil, .dead(.outOfAttempts(8))),
            (8, "flaky", nil, .retry(after: .zero)),
            (8, "flaky", .seconds(30), .retry(after: .seconds(30))),
            (20, "flaky", nil, .dead(.outOfAttempts(20))),
            (1, "brief", nil, .retry(after: .seconds(1))),
            (2, "brief", nil, .dead(.outOfAttempts(2))),
            (1, "bad_address", .seconds(5), .dead(.unrecoverable)),
            (1, "smtp_down", nil, .park("smtp")),
            (99, "smtp_down", nil, .park("smtp")),
            (1, "other", nil, .retry(after: .zero)),
        ] as [(Int, String, Duration?, RetryPolicy.Decision)]
    )
    func `labels have rules of their own`(attempt: Int, label: String, wish: Duration?, expected: RetryPolicy.Decision)
    {
        #expect(
            Self.ruled.decision(afterAttempt: attempt, label: label, asking: .retry(after: wish), random: 0) == expected
        )
    }

    @Test(
        arguments: [
            ("other", .dead, .dead(.unrecoverable)),
            ("other", .park("push"), .park("push")),
            ("other", .retry(after: .seconds(40)), .retry(after: .seconds(40))),
            ("quota", .dead, .retry(after: .seconds(3600))),
            ("quota", .park("push"), .retry(after: .seconds(3600))),
            ("bad_address", .retry(after: nil), .dead(.unrecoverable)),
            ("smtp_down", .dead, .park("smtp")),
        ] as [(String, JobError.Disposition, RetryPolicy.Decision)]
    )
    func `a rule wins over what the error asks for`(
        label: String,
        asking: JobError.Disposition,
        expected: RetryPolicy.Decision
    ) {
        #expect(Self.ruled.decision(afterAttempt: 1, label: label, asking: asking, random: 0) == expected)
    }

    @Test func `a worker's own delay is kept to the letter, but not past the last attempt`() {
        #expect(
            Self.policy.decision(afterAttempt: 7, outcomeDelay: .milliseconds(3), random: .max)
                == .retry(after: .milliseconds(3))
        )
        #expect(Self.policy.decision(afterAttempt: 1, outcomeDelay: .seconds(-3), random: 9) == .retry(after: .zero))
        #expect(Self.policy.decision(afterAttempt: 1, outcomeDelay: nil, random: .max) == .retry(after: .seconds(5)))
        #expect(Self.policy.decision(afterAttempt: 8, outcomeDelay: .seconds(1), random: 0) == .dead(.outOfAttempts(8)))
    }
}
