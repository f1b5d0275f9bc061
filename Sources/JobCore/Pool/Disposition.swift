/// What shall become of a delivery. Every way an attempt can end leads to one of these, decided in one place.
package enum Disposition: Sendable, Equatable {
    /// Take it off the queue.
    case acknowledge
    /// Take it off the queue without having done its work: that was asked for.
    case withdraw
    /// Write the row, then take it off the queue.
    case wait(Due, WaitingReason, attempt: Int, Failure?)
    /// Its dependency is down: as `wait`, uncharged, for as long as its breaker says.
    case park(String, Failure)
    /// Let it wait for its turn under these limits, of which it has its share when it comes back.
    case limit(Due, reserved: [String])
    /// Take it off the queue: its time is over, and nobody wants a letter of it.
    case shed
    /// Ask the store, which may know others like it; then take it off the queue.
    case admit(Admission, Due)
    /// Store the letter, then take it off the queue.
    case bury(Failure)
    /// Leave it with the broker, uncharged.
    case giveBack
}

extension Disposition {
    /// For traces: a bounded word.
    var label: String {
        switch self {
        case .acknowledge: "done"
        case .withdraw: "cancelled"
        case .wait(_, let reason, _, _): reason.rawValue
        case .admit: "admitted"
        case .park: "parked"
        case .limit: "limited"
        case .shed: "shed"
        case .bury: "dead"
        case .giveBack: "given_back"
        }
    }

    var failure: Failure? {
        switch self {
        case .wait(_, _, _, let failure): failure
        case .bury(let failure), .park(_, let failure): failure
        case .acknowledge, .withdraw, .admit, .giveBack, .limit, .shed: nil
        }
    }

    /// How long an unknown job name or a newer version is waited for before it is dead: a deploy's time.
    package static let unknownGrace: Duration = .seconds(3600)

    /// How long a job whose dependency is down stays away while the breaker is closed.
    package static let parkedDelay: Duration = .seconds(30)

    /// How long a job of a paused type stays away at most, if nobody lets it go on before.
    package static let pausedDelay: Duration = .seconds(3600)

    /// How long a job stays away whose lone process somebody ended; then it runs alone again.
    package static let killedDelay: Duration = .seconds(1)

    /// How long after the store's return a job stays away whose attempt lost the store: nobody is charged for that.
    package static let lostStoreDelay: Duration = .seconds(1)

    /// The one decision. `random` is uniform over all of `UInt64` and spreads the delays; it and the policy are asked for
    /// only when something is to be decided, since the kernel is asked for the one and a done job needs neither.
    package static func of(
        _ result: AttemptResult,
        envelope: Envelope,
        policy: @autoclosure () -> RetryPolicy,
        now: @autoclosure () -> Timestamp,
        random: @autoclosure () -> UInt64
    ) -> Disposition {
        func follow(_ decision: RetryPolicy.Decision, _ failure: Failure) -> Disposition {
            switch decision {
            case .retry(let delay): .wait(.after(delay), .retry, attempt: envelope.attempt + 1, failure)
            case .dead: .bury(failure)
            case .park(let dependency): parked(dependency, failure)
            }
        }
        func parked(_ dependency: String, _ failure: Failure?) -> Disposition {
            .park(dependency, failure ?? Failure("parked", "the worker says that \(dependency) is down"))
        }
        func failed(_ failure: Failure, asking: JobError.Disposition = .retry(after: nil)) -> Disposition {
            let decision = policy().decision(
                afterAttempt: envelope.attempt,
                label: failure.label,
                asking: asking,
                random: random()
            )
            return follow(decision, failure)
        }
        switch result {
        case .returned(.done): return .acknowledge
        case .returned(.retry(let delay)):
            let decision = policy().decision(afterAttempt: envelope.attempt, outcomeDelay: delay, random: random())
            return follow(decision, Failure("retry", "the worker asked for a retry"))
        case .returned(.snooze(let until)): return .wait(.at(until), .snooze, attempt: envelope.attempt, nil)
        case .returned(.park(let dependency)): return parked(dependency, nil)
        case .returned(.dead(let reason)): return .bury(Failure("dead", reason))
        case .threw(let error as JobError):
            return failed(Failure(error.label, error.message), asking: error.disposition)
        case .threw(let error as Malformed): return .bury(Failure(error.label, error.message))
        case .threw(StoreError.superseded): return .giveBack
        case .threw(let error as StoreError) where error.isLost:
            let failure = Failure(error.label, "\(error)")
            return .wait(.after(lostStoreDelay), .snooze, attempt: envelope.attempt, failure)
        case .threw(let error as StoreError): return failed(Failure(error.label, "\(error)"))
        case .threw(let error): return failed(Failure(unexpected: error))
        case .timedOut(let limit): return failed(Failure("timeout", "ran longer than \(limit)"))
        case .died(let how): return .bury(Failure("poison", how))
        case .killed(let how):
            return .wait(.after(killedDelay), .killed, attempt: envelope.attempt, Failure("killed", how))
        case .interrupted: return .giveBack
        case .withdrawn: return .withdraw
        case .malformed(let error): return .bury(Failure(error.label, error.message))
        case .unknown(let reason): return unknown(reason, envelope: envelope, now: now())
        case .expired: return .bury(Failure("expired", "not worth running any more when its turn came"))
        case .shed: return .shed
        case .paused(let control):
            let due = control.until.map { Due.at($0) } ?? .after(pausedDelay)
            return .wait(due, .snooze, attempt: envelope.attempt, Failure(Failure.pausedLabel, control.text))
        case .limited(let due, let reserved): return .limit(due, reserved: reserved)
        case .asked(let admission, let delay): return .admit(admission, .after(delay))
        case .delayed(let delay): return .wait(.after(delay), .delay, attempt: envelope.attempt, nil)
        }
    }

    /// Grows with the age: 5 s at first, then half of what has passed, at most 5 minutes.
    private static func unknown(_ reason: String, envelope: Envelope, now: Timestamp) -> Disposition {
        let since = envelope.carried[HeaderName.unknownSince]?.integer.map { Timestamp(milliseconds: Int64($0)) } ?? now
        let age = now.duration(since: since)
        guard age < unknownGrace else { return .bury(Failure("unknown_job", reason)) }
        let delay = min(max(age / 2, .seconds(5)), .seconds(300))
        return .wait(.after(delay), .snooze, attempt: envelope.attempt, Failure("unknown_job", reason))
    }
}

extension Failure {
    /// Of an error that no convention covers: its label is its type's name.
    init(unexpected error: any Error) {
        self.init(JobError(.dead, label: "\(type(of: error))", message: "").label, "\(error)")
    }
}
