/// When and how often a job type is tried again: exponential backoff with full jitter, plus rules by error label.
///
/// Only the job layer retries, so this is the one place where attempts meet delays. A pure value: randomness comes in.
package struct RetryPolicy: Sendable, Equatable {
    /// The longest wait that a peer may ask for (`Retry-After`), and that a policy may be given.
    package static let longestDelay = Duration.seconds(86_400)

    /// The first retry waits up to this long; each further one up to twice as long. Default 5 s.
    package var base: Duration
    /// No retry waits longer, except when a peer or a rule asks for it. Default 10 min.
    package var cap: Duration
    /// Attempts in all, the first included. Default 8.
    package var maximumAttempts: Int
    /// Retries that first attempts allow, in percent of them: 0…100, default 10; 100 is no bound. See `RetryBudget`.
    package var budgetPercent = 10
    /// What the manifest says about errors with these labels.
    package var labels: [String: LabelRule]

    package init(
        base: Duration = .seconds(5),
        cap: Duration = .seconds(600),
        maximumAttempts: Int = 8,
        labels: [String: LabelRule] = [:]
    ) {
        self.base = base
        self.cap = cap
        self.maximumAttempts = maximumAttempts
        self.labels = labels
    }

    package enum LabelRule: Sendable, Equatable {
        /// Waits `after` (the backoff when nil), for at most `maximumAttempts` in all (the type's own when nil).
        case retry(after: Duration?, maximumAttempts: Int?)
        /// Never tried again.
        case dead
        /// This dependency is down: its queues stop fetching, no attempt is burned.
        case park(String)
    }

    /// The upper bound of the wait after this attempt: `base` × 2^(attempt − 1), at most `cap`. Never overflows.
    package func ceiling(afterAttempt attempt: Int) -> Duration {
        let cap = max(0, self.cap.milliseconds)
        var ceiling = max(0, base.milliseconds)
        var attempt = attempt
        while attempt > 1, ceiling > 0, ceiling < cap {
            let (doubled, overflow) = ceiling.multipliedReportingOverflow(by: 2)
            ceiling = overflow ? cap : doubled
            attempt -= 1
        }
        return .milliseconds(min(ceiling, cap))
    }

    /// The wait after a failed attempt: uniform between 0 and `ceiling`, and never before the peer's wish.
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - retryAfter: what the peer asked for; more than a day counts as a day.
    ///   - random: 64 uniform bits.
    package func delay(afterAttempt attempt: Int, retryAfter: Duration? = nil, random: UInt64) -> Duration {
        let backoff = Self.fraction(of: ceiling(afterAttempt: attempt), random)
        guard let retryAfter, retryAfter > .zero else { return backoff }
        return max(backoff, Self.spread(min(retryAfter, Self.longestDelay), random))
    }

    /// Jobs that were all told the same delay must not come back in the same instant: up to a tenth is added.
    private static func spread(_ delay: Duration, _ random: UInt64) -> Duration {
        let delay = max(0, delay.milliseconds)
        let (sum, overflow) = delay.addingReportingOverflow(
            fraction(of: .milliseconds(delay / 10), random).milliseconds
        )
        return .milliseconds(overflow ? delay : sum)
    }

    private static func fraction(of duration: Duration, _ random: UInt64) -> Duration {
        let choices = UInt64(clamping: duration.milliseconds) + 1
        return .milliseconds(Int64(clamping: choices.multipliedFullWidth(by: random).high))
    }
}

extension RetryPolicy {
    package enum Decision: Sendable, Equatable {
        case retry(after: Duration)
        case dead(DeadReason)
        case park(String)
    }

    package enum DeadReason: Sendable, Equatable {
        /// All attempts, the given number, are used up.
        case outOfAttempts(Int)
        /// The error asked for it, or a rule of the manifest says so for its label.
        case unrecoverable
    }

    /// What becomes of a job whose attempt failed. A rule for the label wins over what the error asks for:
    /// the manifest is where operators change their minds. Parking needs no attempt left, because it uses none.
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - label: the error's label, `timeout` for a missed deadline.
    ///   - asking: a `JobError`'s disposition; any other failure asks for a retry by policy.
    ///   - random: 64 uniform bits.
    package func decision(
        afterAttempt attempt: Int,
        label: String,
        asking: JobError.Disposition = .retry(after: nil),
        random: UInt64
    ) -> Decision {
        switch (labels[label], asking) {
        case (.dead, _), (nil, .dead):
            return .dead(.unrecoverable)
        case (.park(let dependency), _), (nil, .park(let dependency)):
            return .park(dependency)
        case (.retry(let after, let maximum), _):
            return retry(attempt, of: maximum ?? maximumAttempts) {
                let wish = asking.delay
                guard let after else { return delay(afterAttempt: attempt, retryAfter: wish, random: random) }
                return Self.spread(max(after, min(wish ?? .zero, Self.longestDelay)), random)
            }
        case (nil, .retry(let wish)):
            return retry(attempt, of: maximumAttempts) {
                delay(afterAttempt: attempt, retryAfter: wish, random: random)
            }
        }
    }

    /// What becomes of a job whose worker answered `Outcome.retry(after:)`: its delay to the letter, or the policy's.
    package func decision(afterAttempt attempt: Int, outcomeDelay: Duration?, random: UInt64) -> Decision {
        retry(attempt, of: maximumAttempts) {
            outcomeDelay.map { max(.zero, $0) } ?? delay(afterAttempt: attempt, random: random)
        }
    }

    private func retry(_ attempt: Int, of limit: Int, after delay: () -> Duration) -> Decision {
        attempt < limit ? .retry(after: delay()) : .dead(.outOfAttempts(limit))
    }
}

extension JobError.Disposition {
    fileprivate var delay: Duration? {
        guard case .retry(let after) = self else { return nil }
        return after
    }
}
