/// What an enqueue came to.
public struct Enqueued: Sendable, Equatable {
    public enum Result: Sendable, Equatable {
        /// The job is durable and will run.
        case enqueued
        /// It runs as one with others: under this id, with the newest payload of them all.
        case coalesced(into: JobID)
        /// Another job has its unique key: this one does not run.
        case duplicate(of: JobID)
    }

    /// The job's own id, also where another runs in its place.
    public let id: JobID
    public let result: Result

    package init(_ id: JobID, _ result: Result = .enqueued) {
        self.id = id
        self.result = result
    }
}
