import Testing

@testable import JobCore

@Suite struct `Suggested wait` {
    private let start = ContinuousClock.now

    @Test func `of a full queue doubles from a quarter of a second to ten, by routing key`() {
        var advice = WaitAdvice()
        func wait(_ key: String) -> Duration { advice.wait(after: .queueFull, of: key, now: start) ?? .zero }
        for step in 0..<12 {
            let ceiling = min(Duration.seconds(10), .milliseconds(250) * Double(1 << step))
            let wait = wait("a.b")
            #expect(wait >= .milliseconds(125) && wait <= ceiling)
        }
        let other = wait("c.d")
        #expect(other <= .milliseconds(250))
        advice.published([("c.d", nil)])
        #expect(!advice.isCalm)
        advice.published([("a.b", nil), ("a.b", .queueFull)])
        #expect(advice.isCalm)
        let again = wait("a.b")
        #expect(again <= .milliseconds(250))
    }

    @Test func `of a blocked broker grows with the age of the alarm, to half a minute`() {
        var advice = WaitAdvice()
        func wait(_ age: Duration) -> Duration? {
            advice.wait(after: .brokerBlocked("memory"), of: "a.b", now: start + age)
        }
        let waits = [0, 1, 10, 59, 600].map { wait(.seconds($0)) }
        #expect(waits == [1, 1, 5, 29.5, 30].map { .seconds($0) })
        advice.published([("c.d", nil)])
        let anew = wait(.seconds(700))
        #expect(anew == .seconds(1))
    }

    @Test(arguments: [PublishError.unavailable("away"), .unconfirmed])
    func `grows while the broker or the store is away`(error: PublishError) {
        var advice = WaitAdvice()
        let first = advice.wait(after: error, of: "a.b", now: start) ?? .zero
        #expect(first >= .milliseconds(125) && first <= .milliseconds(250))
        let second = advice.waitForPeer()
        #expect(second <= .milliseconds(500))
        #expect(!advice.isCalm)
        advice.published([("a.b", nil)])
        #expect(advice.isCalm)
    }

    @Test(arguments: [PublishError.unroutable("a.b"), .refused("no")])
    func `is none where waiting mends nothing`(error: PublishError) {
        var advice = WaitAdvice()
        let wait = advice.wait(after: error, of: "a.b", now: start)
        #expect(wait == nil)
        #expect(advice.isCalm)
    }
}
