import Testing

@testable import JobCore

@Suite struct `A lane's credit` {
    private let start = ContinuousClock.now

    /// Attempts of one kind, one after the other, for so long; the changes asked for.
    private func run(
        _ gauge: inout CreditGauge,
        _ duration: Duration,
        bytes: Int = 200,
        from begin: Duration = .zero,
        for span: Duration = .seconds(10)
    ) -> [Int] {
        let steps = 1000
        return (0...steps).compactMap { step in
            let now = start + begin + span * Double(step) / Double(steps)
            return gauge.finished(lasting: duration, bytes: bytes, now: now)
        }
    }

    @Test(arguments: [(1, 32), (8, 32), (16, 64), (400, 1000)])
    func `begins with four times the concurrency`(concurrency: Int, credit: Int) {
        #expect(CreditGauge(concurrency: concurrency).credit == credit)
    }

    @Test func `is what the slots start within two seconds`() {
        var gauge = CreditGauge(concurrency: 16)
        #expect(run(&gauge, .milliseconds(100)) == [320])
        #expect(gauge.credit == 320)
    }

    @Test func `of slow jobs is next to nothing, and of fast ones a thousand`() {
        var slow = CreditGauge(concurrency: 16)
        #expect(run(&slow, .seconds(30)) == [17])
        var fast = CreditGauge(concurrency: 16)
        #expect(run(&fast, .microseconds(50)) == [1000])
        var instant = CreditGauge(concurrency: 1)
        #expect(run(&instant, .zero) == [1000])
    }

    @Test func `holds no more than its bytes allow`() {
        var gauge = CreditGauge(concurrency: 4)
        #expect(run(&gauge, .milliseconds(1), bytes: 512 << 10) == [128])
        var huge = CreditGauge(concurrency: 16)
        #expect(run(&huge, .milliseconds(1), bytes: 32 << 20) == [17])
    }

    @Test func `stays as it is for less than a factor of two`() {
        var gauge = CreditGauge(concurrency: 16)
        #expect(run(&gauge, .milliseconds(300)) == [])
        #expect(run(&gauge, .milliseconds(700), from: .seconds(20)) == [])
        #expect(gauge.credit == 64)
    }

    @Test func `changes at most once in three seconds, and follows a lane that changes`() {
        var gauge = CreditGauge(concurrency: 16)
        #expect(run(&gauge, .milliseconds(10), for: .seconds(2.9)) == [])
        #expect(run(&gauge, .milliseconds(10), from: .seconds(3), for: .seconds(1)) == [1000])
        let later = run(&gauge, .seconds(5), from: .seconds(4), for: .seconds(60))
        #expect(later.last == 17)
        #expect(later.count <= 6)
    }

    @Test func `stays the manifest's where that names one`() {
        var gauge = CreditGauge(concurrency: 16, fixed: 5)
        #expect(run(&gauge, .microseconds(50)) == [])
        #expect(gauge.credit == 5)
    }
}
