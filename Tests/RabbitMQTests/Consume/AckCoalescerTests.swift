import Testing

@testable import RabbitMQ

@Suite struct AckCoalescerTests {
    private func coalescer(_ count: UInt64) -> AckCoalescer {
        var coalescer = AckCoalescer()
        for tag in 1...count { #expect(coalescer.delivered(tag) == true) }
        return coalescer
    }

    @Test func `a settled front is one frame`() {
        var coalescer = coalescer(5)
        for tag: UInt64 in [3, 1, 2] { #expect(coalescer.settle(tag, .acknowledge) == true) }
        #expect(coalescer.flush() == [.acknowledge(tag: 3, multiple: true)])
        #expect(coalescer.flush() == [])
        #expect(coalescer.settle(4, .acknowledge) == true)
        #expect(coalescer.flush() == [.acknowledge(tag: 4, multiple: false)])
        #expect(coalescer.outstanding == 1)
    }

    @Test func `behind an unsettled one, each is acknowledged alone`() {
        var coalescer = coalescer(5)
        for tag: UInt64 in [5, 2, 3] { #expect(coalescer.settle(tag, .acknowledge) == true) }
        #expect(
            coalescer.flush() == [2, 3, 5].map { AckCoalescer.Command.acknowledge(tag: $0, multiple: false) }
        )
        #expect(coalescer.settle(1, .acknowledge) == true)
        #expect(coalescer.settle(4, .acknowledge) == true)
        #expect(coalescer.flush() == [.acknowledge(tag: 4, multiple: true)])
    }

    @Test func `what is given back goes first, in the order of delivery, and is not acknowledged`() {
        var coalescer = coalescer(4)
        #expect(coalescer.settle(3, .negativeAcknowledge(requeue: true)) == true)
        #expect(coalescer.settle(1, .reject(requeue: false)) == true)
        #expect(coalescer.settle(2, .acknowledge) == true)
        #expect(coalescer.settle(4, .acknowledge) == true)
        #expect(
            coalescer.flush() == [
                .reject(tag: 1, requeue: false), .negativeAcknowledge(tag: 3, requeue: true),
                .acknowledge(tag: 4, multiple: true),
            ]
        )
    }

    @Test func `a tag settled twice, never delivered or out of order is refused`() {
        var coalescer = coalescer(2)
        #expect(coalescer.settle(1, .acknowledge) == true)
        #expect(coalescer.settle(1, .acknowledge) == false)
        #expect(coalescer.settle(1, .reject(requeue: true)) == false)
        for tag in [0, 3, .max] as [UInt64] { #expect(coalescer.settle(tag, .acknowledge) == false) }
        _ = coalescer.flush()
        #expect(coalescer.settle(1, .acknowledge) == false)
        #expect([2, 4, 3].map { coalescer.delivered($0) } == [false, false, true])
    }

    /// A broker that closes the channel on any tag it does not hold.
    private struct StrictBroker {
        var held: [UInt64] = []
        var acknowledged: Set<UInt64> = []
        var returned: [UInt64] = []
        var errors = 0

        mutating func apply(_ command: AckCoalescer.Command) {
            switch command {
            case .acknowledge(let tag, multiple: true):
                if !held.contains(tag) { errors += 1 }
                acknowledged.formUnion(held.filter { $0 <= tag })
                held.removeAll { $0 <= tag }
            case .acknowledge(let tag, multiple: false):
                if !held.contains(tag) { errors += 1 }
                acknowledged.insert(tag)
                held.removeAll { $0 == tag }
            case .negativeAcknowledge(let tag, _), .reject(let tag, _):
                if !held.contains(tag) { errors += 1 }
                returned.append(tag)
                held.removeAll { $0 == tag }
            }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a strict broker ends up with exactly what was settled`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var coalescer = AckCoalescer()
        var broker = StrictBroker()
        var acknowledged: Set<UInt64> = []
        var returned: Set<UInt64> = []
        var delivered: UInt64 = 0
        for _ in 0..<2_000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                delivered += 1
                broker.held.append(delivered)
                #expect(coalescer.delivered(delivered) == true)
            case 2, 3:
                let tag = UInt64.random(in: 0...delivered + 1, using: &random)
                let gives = Int.random(in: 0..<6, using: &random) == 0
                if coalescer.settle(tag, gives ? .negativeAcknowledge(requeue: true) : .acknowledge) {
                    if gives { returned.insert(tag) } else { acknowledged.insert(tag) }
                }
            default: for command in coalescer.flush() { broker.apply(command) }
            }
        }
        for command in coalescer.flush() { broker.apply(command) }
        #expect(broker.errors == 0)
        #expect(broker.acknowledged == acknowledged)
        #expect(Set(broker.returned) == returned && broker.returned.count == returned.count)
        #expect(broker.held.count == coalescer.outstanding)
    }
}
