import Testing

@testable import Embedded

@Suite struct `A peer that holds jobs and does not beat` {
    private let start = SuspendingClock.now

    private func after(_ seconds: Int) -> SuspendingClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test func `is silent once its beat has not moved for the limit`() {
        var silence = PeerSilence(limit: .seconds(15))
        #expect(silence.silent(["stopped": 5, "living": 5], at: after(0)) == [])
        #expect(silence.silent(["stopped": 5, "living": 14], at: after(14)) == [])
        #expect(silence.silent(["stopped": 5, "living": 15], at: after(15)) == ["stopped"])
        #expect(silence.silent(["stopped": 5, "living": 16], at: after(16)) == [], "once")
    }

    @Test func `is judged by what this process has seen, not by the age of the beat`() {
        var silence = PeerSilence(limit: .seconds(15))
        #expect(silence.silent(["old": -1_000_000], at: after(0)) == [])
        #expect(silence.silent(["old": 7], at: after(100)) == [], "it beats again")
        #expect(silence.silent([:], at: after(110)) == [])
        #expect(silence.silent(["old": 7], at: after(120)) == [], "what held nothing begins anew")
    }
}
