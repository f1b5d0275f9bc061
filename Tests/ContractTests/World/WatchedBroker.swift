import JobCore
import Synchronization

/// The profile's own broker, which tells of each acknowledgement, and lets a test stand between settle and ack.
final class WatchedBroker: Broker {
    enum Answer: Sendable { case pass, lose }

    let base: any Broker
    private let signal: Signal
    private let beforeAcknowledging = Mutex<(@Sendable ([DeliveryTag]) async -> Answer)?>(nil)
    private let fetchCount = Mutex(0)
    private let stopCount = Mutex(0)
    private let afterPublishing = Mutex<(@Sendable ([WireMessage]) async -> Void)?>(nil)

    /// How often somebody began to consume.
    var fetches: Int { fetchCount.withLock { $0 } }

    /// How often somebody stopped to, in order.
    var stops: Int { stopCount.withLock { $0 } }

    init(_ base: any Broker, signal: Signal) {
        self.base = base
        self.signal = signal
    }

    /// `lose` drops the acknowledgement as a lost connection would: the consumption ends, the broker keeps the message.
    func beforeAcknowledging(_ hook: (@Sendable ([DeliveryTag]) async -> Answer)?) {
        beforeAcknowledging.withLock { $0 = hook }
    }

    /// Runs when messages are confirmed and their publisher does not know it yet.
    func afterPublishing(_ hook: (@Sendable ([WireMessage]) async -> Void)?) {
        afterPublishing.withLock { $0 = hook }
    }

    func publish(_ messages: [WireMessage], deadline: Duration) async -> [Result<Void, PublishError>] {
        let results = await base.publish(messages, deadline: deadline)
        if let hook = afterPublishing.withLock({ $0 }) { await hook(messages) }
        signal.ring()
        return results
    }

    func consume(_ queue: String, credit: Int) async throws(BrokerError) -> any Consumption {
        fetchCount.withLock { $0 += 1 }
        return WatchedConsumption(base: try await base.consume(queue, credit: credit), broker: self)
    }

    func depths(_ queues: [String]) async throws(BrokerError) -> [String: QueueDepth] {
        try await base.depths(queues)
    }

    func plan(_ topology: Topology) async throws(BrokerError) -> [TopologyChange] {
        try await base.plan(topology)
    }

    func apply(_ changes: [TopologyChange], of topology: Topology) async throws(BrokerError) {
        try await base.apply(changes, of: topology)
    }

    func alarm() async -> String? { await base.alarm() }

    func examine() async -> [BrokerFinding] { await base.examine() }

    func ping() async throws(BrokerError) {
        try await base.ping()
    }

    fileprivate func stopped() {
        stopCount.withLock { $0 += 1 }
        signal.ring()
    }

    fileprivate func acknowledge(_ tags: [DeliveryTag], to base: any Consumption) async throws(BrokerError) {
        if let hook = beforeAcknowledging.withLock({ $0 }), await hook(tags) == .lose {
            await base.giveBack()
            signal.ring()
            throw .stale
        }
        try await base.acknowledge(tags)
        signal.ring()
    }
}

private struct WatchedConsumption: Consumption {
    let base: any Consumption
    let broker: WatchedBroker

    func next() async -> [Delivery]? { await base.next() }

    func acknowledge(_ tags: [DeliveryTag]) async throws(BrokerError) {
        try await broker.acknowledge(tags, to: base)
    }

    func setCredit(_ credit: Int) async { await base.setCredit(credit) }

    func stop() async {
        await base.stop()
        broker.stopped()
    }

    func giveBack() async { await base.giveBack() }
}
