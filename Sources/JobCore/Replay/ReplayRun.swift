/// What became of replayed letters so far. A job that failed again and waits for its next attempt counts as a failure of
/// the replay: its cause is not mended, and its death may be hours away.
package struct ReplayOutcomes: Sendable, Equatable {
    package var done = 0
    package var deadAgain = 0
    package var retrying = 0
    /// Waiting, queued or running for the first time since.
    package var underWay = 0

    package init(done: Int = 0, deadAgain: Int = 0, retrying: Int = 0, underWay: Int = 0) {
        self.done = done
        self.deadAgain = deadAgain
        self.retrying = retrying
        self.underWay = underWay
    }

    package var failing: Int { deadAgain + retrying }
    package var settled: Int { done + failing }
}

/// How far a replay has come. A row of the store: whoever finds it running goes on with it, so it survives the shell
/// that began it and the process that led it.
package struct ReplayRun: Sendable, Equatable {
    package enum Next: Sendable, Equatable {
        /// At most so many letters, one slice.
        case move(Int)
        case wait(Wait)
        case stop(because: String)
    }

    package enum Wait: Sendable, Equatable {
        /// The letters that went first have no outcome yet.
        case canary(letters: Int)
        /// As many are under way as may be while outcomes are watched.
        case outcomes
        /// The rate: nothing is to be moved for so long.
        case rate(Duration)
    }

    /// One transaction moves so many.
    package static let slice = 500
    /// At most so many letters without an outcome, while outcomes are watched.
    static let underWay = 1000
    /// Fewer outcomes say nothing of a share, after the canary.
    static let leastOutcomes = 20
    /// While outcomes are watched, only what becomes due within this time is moved: little is to be under way when they are
    /// bad. Otherwise everything is moved at once, and waits for its due time.
    static let ahead: Duration = .seconds(2)

    package let operation: String
    package var state: Operation.State = .running
    /// Its selector has no moments that depend on now.
    package let request: ReplayRequest
    /// Letters the selector meant when it began.
    package let total: Int
    package var startedAt: Timestamp
    /// Letters are taken from the newest to the oldest: the next has a smaller id. What dies again has a greater one.
    var cursor: Int64
    /// Refusals are counted below this id: what a resumed replay looks at again is counted once.
    var countedTo: Int64
    /// Outcomes of letters below this id count; those before a stop have been seen and forgiven.
    var watchedFrom: Int64
    /// How many had been replayed when that began.
    var watchedAfter = 0
    package var progress = ReplayProgress()
    /// When the next job becomes due, in the store's milliseconds; a fraction, since a rate may be above 1000/s.
    var nextDue: Double
    /// Why it stopped by itself.
    package var stoppedBecause: String?

    var watched: Int { progress.replayed - watchedAfter }
    var handled: Int { progress.replayed + progress.skippedCount }

    /// What is to be done now. A decision on values.
    func next(_ outcomes: ReplayOutcomes, now: Timestamp) -> Next {
        if let because = stop(outcomes) { return .stop(because: because) }
        var room = ReplayRun.slice
        if !care.isNone {
            switch roomForCare(outcomes) {
            case .move(let count): room = min(room, count)
            case let other: return other
            }
        }
        guard let rate = request.rate, rate > 0, !care.isNone else { return .move(room) }
        let start = max(nextDue, Double(now.milliseconds))
        let horizon = Double(now.milliseconds + ReplayRun.ahead.milliseconds)
        guard start <= horizon else { return .wait(.rate(.milliseconds(Int64(start - horizon) + 1))) }
        return .move(min(room, Int(min((horizon - start) / 1000 * rate, 1e6)) + 1))
    }

    private var care: ReplayCare { request.care }

    /// Stages whose size is not beyond what there is; each greater than the one before.
    var stages: [Int] {
        var sizes: [Int] = []
        for size in care.stages.map({ $0.size(of: total) }) where size > sizes.last ?? 0 && size < total {
            sizes.append(size)
        }
        return sizes
    }

    private func roomForCare(_ outcomes: ReplayOutcomes) -> Next {
        if stages.contains(watched), outcomes.underWay > 0 { return .wait(.canary(letters: watched)) }
        if let size = stages.first(where: { $0 > watched }) { return .move(size - watched) }
        let room = ReplayRun.underWay - outcomes.underWay
        return room > 0 ? .move(room) : .wait(.outcomes)
    }

    /// Within a canary the share is taken of the whole stage: it stops as soon as no good outcome could mend it.
    private func stop(_ outcomes: ReplayOutcomes) -> String? {
        guard let limit = care.abortAbove, outcomes.failing > 0 else { return nil }
        let isCanary = watched <= stages.last ?? 0
        let base = isCanary ? watched : outcomes.settled
        guard isCanary || base >= ReplayRun.leastOutcomes, Double(outcomes.failing) > limit * Double(base) else {
            return nil
        }
        let share = Double(outcomes.failing) / Double(base) * 100
        return "\(outcomes.failing) of \(base) failed again: \(Int(share.rounded())) %, more than "
            + "\((limit * 1000).rounded() / 10) %"
    }

    /// The due time of each of the next `count` jobs, and what stands behind them.
    func dues(_ count: Int, now: Timestamp) -> (dues: [Timestamp], next: Double) {
        guard let rate = request.rate, rate > 0 else {
            return (Array(repeating: now, count: count), Double(now.milliseconds))
        }
        let start = max(nextDue, Double(now.milliseconds))
        func due(_ position: Int) -> Double { min(start + Double(position) / rate * 1000, 9e15) }
        return ((0..<count).map { Timestamp(milliseconds: Int64(due($0))) }, due(count))
    }

    /// How long it takes until the last job is due, at the rate asked for or, without one, at the speed so far; nil when it
    /// cannot be told.
    package func remaining(now: Timestamp) -> Duration? {
        if state == .done { return .milliseconds(max(0, Int64(min(nextDue, 9e15)) - now.milliseconds)) }
        let left = Double(max(0, total - handled))
        if let rate = request.rate, rate > 0 { return .seconds(left / rate) }
        let elapsed = now.duration(since: startedAt).seconds
        guard handled > 0, elapsed > 0 else { return nil }
        return .seconds(left * elapsed / Double(handled))
    }
}
