/// What one lane has done: the traces that plain success leaves.
package struct FlowCounts: Sendable, Equatable {
    package var done: Int64 = 0
    package var retried: Int64 = 0
    package var snoozed: Int64 = 0
    package var dead: Int64 = 0
    /// Done after a replay; counted in `done` too.
    package var replayed: Int64 = 0
    /// Taken from the broker, less what went back without having been acknowledged.
    package var taken: Int64 = 0
    /// Not run because their time was over; those that left a letter are counted in `dead` too.
    package var shed: Int64 = 0
    /// Enqueue to done, of the done.
    package var latency = LatencyHistogram()

    package init() {}

    package mutating func merge(_ other: FlowCounts) {
        done += other.done
        retried += other.retried
        snoozed += other.snoozed
        dead += other.dead
        replayed += other.replayed
        taken += other.taken
        shed += other.shed
        latency.merge(other.latency)
    }
}
