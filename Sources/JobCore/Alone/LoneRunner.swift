/// Runs one attempt in a process of its own, where its death harms nobody else.
package protocol LoneRunner: Sendable {
    /// Returns when that process has ended. A cancelled caller makes it stop: its task is cancelled, and 2 s later it is
    /// killed.
    func run(_ task: LoneTask) async -> LoneEnding
}

/// What the lone process gets.
package struct LoneTask: Sendable, Equatable {
    package let message: WireMessage
    package let timeout: Duration
    /// Of the run that it is, as the process that made this one knows it.
    package let generation: Int?
    package let deduplicates: Bool

    package init(message: WireMessage, timeout: Duration, generation: Int?, deduplicates: Bool) {
        self.message = message
        self.timeout = timeout
        self.generation = generation
        self.deduplicates = deduplicates
    }
}

/// How the lone process ended.
package enum LoneEnding: Sendable, Equatable {
    /// It has said how the attempt ended.
    case answered(LoneAnswer)
    /// It died, and nobody but the job can have done it.
    case died(String)
    /// Somebody ended it, or it could not begin: says nothing about the job.
    case killed(String)
}

extension LoneEnding {
    var result: AttemptResult {
        switch self {
        case .answered(let answer): answer.result
        case .died(let how): .died(how)
        case .killed(let how): .killed(how)
        }
    }
}
