/// What one lane has done: the traces that plain success leaves.
package struct FlowCounts: Sendable, Equatable {
    package var done: Int64 = 0
    package var retried: Int64 = 0
    package var snoozed: Int64 = 0
    package var dead: Int64 = 0
    /// Done after a replay; counted in `done` too.
    package var replayed: Int64 = 0
    /// Enqueue to done, of the done.
    package var latency = LatencyHistogram()

    package init() {}

    package mutating func merge(_ other: FlowCounts) {
        done += other.done
        retried += other.retried
        snoozed += other.snoozed
        dead += other.dead
        replayed += other.replayed
        latency.merge(other.latency)
    }
}
