import Testing

@testable import JobCore

@Suite struct `The plan of a replay` {
    private static let now = Timestamp(milliseconds: 1_000_000)

    private func run(
        replayed: Int = 0,
        total: Int = 100_000,
        rate: Double? = nil,
        stages: [ReplayCare.Stage] = [],
        abortAbove: Double? = nil,
        nextDue: Double = 0
    ) -> ReplayRun {
        var run = ReplayRun(
            operation: "op",
            request: ReplayRequest(
                selector: Selector(),
                rules: Replay.Rules(operation: "op"),
                rate: rate,
                care: ReplayCare(stages: stages, abortAbove: abortAbove),
                actor: "ana",
                subject: "--all"
            ),
            total: total,
            startedAt: Self.now,
            cursor: .max,
            countedTo: .max,
            watchedFrom: .max,
            nextDue: nextDue
        )
        run.progress.replayed = replayed
        return run
    }

    private static let canary: [ReplayCare.Stage] = [.letters(1), .letters(5), .letters(20)]

    @Test func `without care and rate it moves slice after slice`() {
        #expect(run(replayed: 70_000).next(ReplayOutcomes(), now: Self.now) == .move(ReplayRun.slice))
    }

    @Test func `a canary waits for every outcome of its stage, and moves only what the next stage lacks`() {
        func next(_ replayed: Int, _ outcomes: ReplayOutcomes) -> ReplayRun.Next {
            run(replayed: replayed, stages: Self.canary, abortAbove: 0.05).next(outcomes, now: Self.now)
        }
        #expect(next(0, ReplayOutcomes()) == .move(1))
        #expect(next(1, ReplayOutcomes(underWay: 1)) == .wait(.canary(letters: 1)))
        #expect(next(1, ReplayOutcomes(done: 1)) == .move(4))
        #expect(next(3, ReplayOutcomes(done: 1, underWay: 2)) == .move(2), "a broken slice is filled up")
        #expect(next(5, ReplayOutcomes(done: 4, underWay: 1)) == .wait(.canary(letters: 5)))
        #expect(next(5, ReplayOutcomes(done: 5)) == .move(15))
        #expect(next(20, ReplayOutcomes(done: 20)) == .move(500))
        #expect(next(520, ReplayOutcomes(done: 100, underWay: 420)) == .move(500))
        #expect(next(1100, ReplayOutcomes(done: 100, underWay: 1000)) == .wait(.outcomes))
        #expect(next(1100, ReplayOutcomes(done: 101, underWay: 999)) == .move(1))
    }

    @Test func `one failure in a stage of twenty is allowed at five percent, two are not`() {
        func next(_ replayed: Int, _ outcomes: ReplayOutcomes) -> ReplayRun.Next {
            run(replayed: replayed, stages: Self.canary, abortAbove: 0.05).next(outcomes, now: Self.now)
        }
        #expect(next(20, ReplayOutcomes(done: 19, retrying: 1)) == .move(500))
        #expect(next(1, ReplayOutcomes(deadAgain: 1)) == .stop(because: "1 of 1 failed again: 100 %, more than 5.0 %"))
        let two = ReplayOutcomes(done: 2, deadAgain: 1, retrying: 1, underWay: 16)
        #expect(next(20, two) == .stop(because: "2 of 20 failed again: 10 %, more than 5.0 %"), "no need to wait")
    }

    @Test func `behind the canary a share is one of twenty outcomes at least`() {
        func next(_ outcomes: ReplayOutcomes) -> ReplayRun.Next {
            run(replayed: 5_000, abortAbove: 0.1).next(outcomes, now: Self.now)
        }
        #expect(next(ReplayOutcomes(done: 10, deadAgain: 9)) == .move(500))
        #expect(next(ReplayOutcomes(done: 18, deadAgain: 2)) == .move(500))
        #expect(
            next(ReplayOutcomes(done: 17, deadAgain: 3))
                == .stop(because: "3 of 20 failed again: 15 %, more than 10.0 %")
        )
    }

    @Test func `shares are of the whole, and stages beyond it are none`() {
        let shares: [ReplayCare.Stage] = [.share(0.01), .share(0.1), .share(1)]
        #expect(run(total: 250, stages: shares).stages == [3, 25])
        #expect(run(total: 3, stages: Self.canary).stages == [1])
        #expect(run(total: 1, stages: Self.canary).stages == [])
    }

    @Test func `a rate holds what is watched, and leaves no debt after a pause`() {
        let slow = run(rate: 2)
        #expect(slow.next(ReplayOutcomes(), now: Self.now) == .move(500), "they wait for their due times")
        #expect(
            slow.dues(3, now: Self.now).dues == [0, 500, 1000].map { Self.now.advanced(by: .milliseconds($0)) }
        )
        let watched = run(rate: 2, abortAbove: 0.05)
        #expect(
            watched.next(ReplayOutcomes(), now: Self.now) == .move(5),
            "little is under way while outcomes are watched"
        )
        let ahead = run(rate: 2, abortAbove: 0.05, nextDue: Double(Self.now.milliseconds) + 3_000)
        #expect(ahead.next(ReplayOutcomes(), now: Self.now) == .wait(.rate(.milliseconds(1001))))
        #expect(run(rate: 5000, abortAbove: 0.05).next(ReplayOutcomes(), now: Self.now) == .move(500))
        for rate in [nil, 0, -1, Double.nan] {
            #expect(run(rate: rate, abortAbove: 0.05).next(ReplayOutcomes(), now: Self.now) == .move(500))
            #expect(run(rate: rate).dues(2, now: Self.now).dues == [Self.now, Self.now])
        }
        #expect(run(rate: .leastNonzeroMagnitude).dues(2, now: Self.now).dues[1] > Self.now)
    }

    @Test func `fast rates lose nothing to whole milliseconds`() {
        var fast = run(rate: 3000)
        for _ in 0..<6 { fast.nextDue = fast.dues(500, now: Self.now).next }
        #expect(abs(fast.nextDue - Double(Self.now.milliseconds) - 1000) < 0.001)
    }
}
