/// The port to whatever carries ready work. `Embedded` and `Cluster` implement it; one contract suite holds both to it.
package protocol Broker: Sendable {
    /// Publishes through `jobs.strict`: each message to the queue its routing key is bound to. Result *i* belongs to
    /// message *i*; a success means the message survives a crash of every process. Returns within the deadline (plus
    /// 250 ms) whatever the broker does, and never repeats a publish by itself.
    func publish(_ messages: [WireMessage], deadline: Duration) async -> [Result<Void, PublishError>]

    /// Starts to fetch one broker queue, named without prefix, with at most `credit` unacknowledged deliveries.
    /// Survives broker restarts: the consumption re-subscribes by itself, and tags from before become stale.
    func consume(_ queue: String, credit: Int) async throws(BrokerError) -> any Consumption

    /// Ready messages per broker queue, by name; a queue that is not declared is missing from the answer.
    func depths(_ queues: [String]) async throws(BrokerError) -> [String: QueueDepth]

    /// What differs between the broker and the wanted topology, in the order in which it is to be applied.
    func plan(_ topology: Topology) async throws(BrokerError) -> [TopologyChange]

    /// Applies a plan. Each change can be repeated without harm.
    func apply(_ changes: [TopologyChange], of topology: Topology) async throws(BrokerError)

    /// A fresh round trip to the broker.
    func ping() async throws(BrokerError)

    /// Why the broker takes no publishes right now; nil when it does, or does not answer within a second.
    func alarm() async -> String?

    /// What is right and wrong with the broker beside what `ping` and `plan` tell: versions, alarms, bindings.
    func examine() async -> [BrokerFinding]
}

extension Broker {
    package func alarm() async -> String? { nil }
    package func examine() async -> [BrokerFinding] { [] }
}

/// A running fetch from one broker queue.
package protocol Consumption: Sendable {
    /// The next deliveries, in order, as many as have come; waits for at least one. Nil after `stop()` or
    /// `giveBack()`, when nothing more will come.
    func next() async -> [Delivery]?

    /// Takes deliveries off the queue for good. `stale` when they belong to a generation that has ended: the broker
    /// hands them out again.
    func acknowledge(_ tags: [DeliveryTag]) async throws(BrokerError)

    /// How many unacknowledged deliveries are wanted from now on. Returns at once; takes effect within a round trip, and
    /// with less than before as soon as that many have been acknowledged. Means nothing once fetching has stopped.
    func setCredit(_ credit: Int) async

    /// Stops fetching. What was delivered stays ours until acknowledged or given back.
    func stop() async

    /// Stops fetching and returns everything unacknowledged, in order, blaming nobody. Ends the consumption.
    func giveBack() async
}

package struct QueueDepth: Sendable, Equatable {
    package let ready: Int
    package let consumers: Int
    /// When the oldest ready message could first run; nil when the broker cannot tell or nothing is ready.
    package let oldestReadyAt: Timestamp?

    package init(ready: Int, consumers: Int, oldestReadyAt: Timestamp? = nil) {
        self.ready = ready
        self.consumers = consumers
        self.oldestReadyAt = oldestReadyAt
    }
}
