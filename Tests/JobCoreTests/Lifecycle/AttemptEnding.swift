@testable import JobCore

/// Every way an attempt can end, named as docs/job-lifecycle.md names it. The switches have no default: a case added to
/// `AttemptResult`, `Outcome` or `JobError.Disposition` does not compile here until it has a name, and then the page
/// lacks its row.
enum AttemptEnding: String, CaseIterable {
    case done = "returned done"
    case retry = "returned retry"
    case snooze = "returned snooze"
    case park = "returned park"
    case dead = "returned dead"
    case threwRetry = "threw JobError.retry"
    case threwDead = "threw JobError.dead"
    case threwPark = "threw JobError.park"
    case threwMalformed = "threw Malformed"
    case threwLostStore = "threw StoreError, lost"
    case threwSuperseded = "threw StoreError.superseded"
    case threwStoreError = "threw StoreError"
    case threwAnother = "threw another"
    case timedOut, died, killed, interrupted, withdrawn, malformed, unknown, expired, shed, paused, limited
    case delayed, asked

    init(_ result: AttemptResult) {
        switch result {
        case .returned(let outcome): self.init(outcome)
        case .threw(let error): self.init(error)
        case .timedOut: self = .timedOut
        case .died: self = .died
        case .killed: self = .killed
        case .interrupted: self = .interrupted
        case .withdrawn: self = .withdrawn
        case .malformed: self = .malformed
        case .unknown: self = .unknown
        case .expired: self = .expired
        case .shed: self = .shed
        case .paused: self = .paused
        case .limited: self = .limited
        case .delayed: self = .delayed
        case .asked: self = .asked
        }
    }

    private init(_ outcome: Outcome) {
        switch outcome {
        case .done: self = .done
        case .retry: self = .retry
        case .snooze: self = .snooze
        case .park: self = .park
        case .dead: self = .dead
        }
    }

    private init(_ error: any Error) {
        switch error {
        case let error as JobError:
            switch error.disposition {
            case .retry: self = .threwRetry
            case .dead: self = .threwDead
            case .park: self = .threwPark
            }
        case is Malformed: self = .threwMalformed
        case StoreError.superseded: self = .threwSuperseded
        case let error as StoreError: self = error.isLost ? .threwLostStore : .threwStoreError
        default: self = .threwAnother
        }
    }

    private struct Surprise: Error {}

    /// An attempt that ended so. Errors that have a label of their own have "label".
    var sample: AttemptResult {
        switch self {
        case .done: .returned(.done)
        case .retry: .returned(.retry(after: nil))
        case .snooze: .returned(.snooze(until: Timestamp(milliseconds: 5)))
        case .park: .returned(.park("smtp"))
        case .dead: .returned(.dead("reason"))
        case .threwRetry: .threw(JobError.retry("label", "message"))
        case .threwDead: .threw(JobError.dead("label", "message"))
        case .threwPark: .threw(JobError.park("smtp", "label", "message"))
        case .threwMalformed: .threw(Malformed("label", "message"))
        case .threwLostStore: .threw(StoreError.commitUnknown)
        case .threwSuperseded: .threw(StoreError.superseded)
        case .threwStoreError: .threw(StoreError.busy("locked"))
        case .threwAnother: .threw(Surprise())
        case .timedOut: .timedOut(.seconds(60))
        case .died: .died("signal 6")
        case .killed: .killed("signal 9")
        case .interrupted: .interrupted
        case .withdrawn: .withdrawn
        case .malformed: .malformed(Malformed("label", "message"))
        case .unknown: .unknown("reason")
        case .expired: .expired
        case .shed: .shed
        case .paused: .paused(AttemptEnding.control)
        case .limited: .limited(.after(.seconds(5)), reserved: ["limit"])
        case .delayed: .delayed(.seconds(1))
        case .asked: .asked(.throttle(key: "key", interval: .seconds(1)), delay: .zero)
        }
    }

    private static let control = QueueControl(
        scope: .jobType,
        name: "system.probe",
        until: nil,
        reason: nil,
        actor: "ana",
        operationID: "operation",
        at: Timestamp(milliseconds: 1)
    )

    /// Labels that the page calls `label`, because they are the error's own.
    static let ownLabels: Set<String> = ["label", StoreError.busy("").label, "surprise"]
}
