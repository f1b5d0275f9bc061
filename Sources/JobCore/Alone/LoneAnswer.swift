/// `AttemptResult` as it goes from process to process. Errors lose their type and keep what decisions and letters use.
package enum LoneAnswer: Sendable, Equatable, Codable {
    case done
    case retry(afterMs: Int64?)
    case snooze(untilMs: Int64)
    case park(String)
    case dead(String)
    case threwRetry(afterMs: Int64?, label: String, message: String)
    case threwDead(label: String, message: String)
    case threwPark(String, label: String, message: String)
    case threwMalformed(label: String, message: String)
    /// The store went away under the attempt: it is charged to nobody.
    case lostStore
    /// Another process has the job.
    case superseded

    package init(_ outcome: Outcome) {
        self =
            switch outcome {
            case .done: .done
            case .retry(let delay): .retry(afterMs: delay?.milliseconds)
            case .snooze(let until): .snooze(untilMs: until.milliseconds)
            case .park(let dependency): .park(dependency)
            case .dead(let reason): .dead(reason)
            }
    }

    package init(thrown error: any Error) {
        switch error {
        case let error as JobError:
            switch error.disposition {
            case .retry(let delay):
                self = .threwRetry(afterMs: delay?.milliseconds, label: error.label, message: error.message)
            case .dead: self = .threwDead(label: error.label, message: error.message)
            case .park(let dependency): self = .threwPark(dependency, label: error.label, message: error.message)
            }
        case let error as Malformed: self = .threwMalformed(label: error.label, message: error.message)
        case let error as StoreError where error.isLost: self = .lostStore
        case StoreError.superseded: self = .superseded
        case let error as StoreError: self = .threwRetry(afterMs: nil, label: error.label, message: "\(error)")
        default:
            let failure = Failure(unexpected: error)
            self = .threwRetry(afterMs: nil, label: failure.label, message: failure.message)
        }
    }

    package var result: AttemptResult {
        switch self {
        case .done: .returned(.done)
        case .retry(let delay): .returned(.retry(after: delay.map { .milliseconds($0) }))
        case .snooze(let until): .returned(.snooze(until: Timestamp(milliseconds: until)))
        case .park(let dependency): .returned(.park(dependency))
        case .dead(let reason): .returned(.dead(reason))
        case .threwRetry(let delay, let label, let message):
            .threw(JobError.retry(after: delay.map { .milliseconds($0) }, label, message))
        case .threwDead(let label, let message): .threw(JobError.dead(label, message))
        case .threwPark(let dependency, let label, let message): .threw(JobError.park(dependency, label, message))
        case .threwMalformed(let label, let message): .threw(Malformed(label, message))
        case .lostStore: .threw(StoreError.commitUnknown)
        case .superseded: .threw(StoreError.superseded)
        }
    }
}
