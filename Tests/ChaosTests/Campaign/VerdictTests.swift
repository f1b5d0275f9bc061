import JobCore
import Testing

extension Chaos {
    /// The zeros of the campaigns mean nothing unless the checker can count.
    @Suite struct `Verdict` {
        private let id = JobID()
        private let other = JobID()

        @Test func `a confirmed job without effect is lost`() {
            let verdict = ChaosTests.Verdict(
                [.attempted(id, lastAttempt: 1), .attempted(other, lastAttempt: 1), .confirmed(id), .confirmed(other)],
                effects: [Effect(id: other, attempt: 1)]
            )
            #expect(verdict.lost == [id] && verdict.unfinished == [id])
            #expect(verdict.confirmed == 2 && verdict.effects == 1)
        }

        @Test func `an unconfirmed job may be lost`() {
            let verdict = ChaosTests.Verdict([.attempted(id, lastAttempt: 1), .unconfirmed(id)], effects: [])
            #expect(verdict.lost.isEmpty && verdict.unfinished.isEmpty && verdict.unconfirmed == 1)
        }

        @Test func `a job that stopped after its failing attempt is unfinished, not lost`() {
            let verdict = ChaosTests.Verdict(
                [.attempted(id, lastAttempt: 2), .confirmed(id)],
                effects: [Effect(id: id, attempt: 1)]
            )
            #expect(verdict.lost.isEmpty && verdict.unfinished == [id])
        }

        @Test func `doubles are counted by attempt, and an attempt too many is burned`() {
            let verdict = ChaosTests.Verdict(
                [.attempted(id, lastAttempt: 1), .unconfirmed(id), .attempted(id, lastAttempt: 1), .confirmed(id)],
                effects: [1, 1, 1, 2, 2].map { Effect(id: id, attempt: $0) } + [Effect(id: other, attempt: 1)]
            )
            #expect(verdict.doubles == 3 && verdict.burned == 1 && verdict.strangers == 1)
            #expect(verdict.lost.isEmpty && verdict.unconfirmed == 1)
        }
    }
}
