/// What shall become of a delivery. Every way an attempt can end leads to one of these, decided in one place.
package enum Disposition: Sendable, Equatable {
    /// Take it off the queue.
    case acknowledge
    /// Write the row, then take it off the queue.
    case wait(Due, WaitingReason, attempt: Int, Failure?)
    /// Store the letter, then take it off the queue.
    case bury(Failure)
    /// Leave it with the broker, uncharged.
    case giveBack
}

extension Disposition {
    /// How long an unknown job name or a newer version is waited for before it is dead: a deploy's time.
    package static let unknownGrace: Duration = .seconds(3600)

    /// How long a job whose dependency is down stays away, until breakers say it better.
    package static let parkedDelay: Duration = .seconds(30)

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
            .wait(.after(parkedDelay), .snooze, attempt: envelope.attempt, failure ?? Failure("parked", dependency))
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
        case .malformed(let error): return .bury(Failure(error.label, error.message))
        case .unknown(let reason): return unknown(reason, envelope: envelope, now: now())
        case .expired: return .bury(Failure("expired", "not worth running any more when its turn came"))
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
