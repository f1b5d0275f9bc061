/// What became of a job that was to wait.
package enum WaitAnswer: Sendable, Equatable {
    case waits
    /// No queue takes its name: nothing was written.
    case unroutable
    /// It runs as one with others, under this id.
    case coalesced(into: JobID)
    /// Another job has its key: it does not run.
    case duplicate(of: JobID)
}
