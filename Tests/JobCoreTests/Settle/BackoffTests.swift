import Testing

@testable import JobCore

@Suite struct `Back-off from a peer that is away` {
    @Test func `pauses grow to the cap and stay within it`() {
        var backoff = Backoff(base: .milliseconds(100), cap: .seconds(5))
        for step in 0..<200 {
            let pause = backoff.next()
            let ceiling = min(5000, 100 * (1 << min(step, 10)))
            #expect(pause >= .milliseconds(50))
            #expect(pause <= .milliseconds(max(ceiling, 50)))
        }
    }

    @Test func `a reset begins anew`() {
        var backoff = Backoff(base: .milliseconds(100), cap: .seconds(5))
        for _ in 0..<50 { _ = backoff.next() }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(100))
    }
}
