import Testing

@testable import RabbitMQ

@Suite struct SmallValuesTests {
    @Test func `room is asked for once for many small sends, and not taken when there is none`() {
        var room = SendRoom()
        var probes = 0
        let each = 1_000 + SendRoom.overhead
        for _ in 0..<10 {
            let granted = room.take(1_000) {
                probes += 1
                return each * 10
            }
            #expect(granted)
        }
        #expect(probes == 1)
        #expect([0, each - 1, each].map { free in room.take(1_000) { free } } == [false, false, true])
    }

    @Test func `the back-off doubles to its limit and starts anew`() {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(30))
        let ceilings = (0..<12).map { _ in backoff.next(random: 1) }
        #expect(ceilings.prefix(4) == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(ceilings.suffix(3).allSatisfy { $0 == .seconds(30) })
        for _ in 0..<10_000 { _ = backoff.next(random: 1) }
        #expect(backoff.next(random: 0.5) == .seconds(15))
        #expect(backoff.next(random: 0) == .zero)
        backoff.reset()
        #expect(backoff.next(random: 1) == .milliseconds(100))
    }

    @Test(arguments: 0..<5 as Range<UInt64>)
    func `deadlines come out in order`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var heap = DeadlineHeap<Int>()
        let start = Instant.now
        let offsets = (0..<500).map { _ in Int.random(in: 0..<1_000, using: &random) }
        for offset in offsets { heap.insert(offset, deadline: start + .milliseconds(offset)) }
        var popped: [Int] = []
        while let offset = heap.popDue(start + .milliseconds(499)) { popped.append(offset) }
        #expect(popped == offsets.filter { $0 <= 499 }.sorted())
        heap.dropFront { $0 < 600 }
        while let offset = heap.popDue(start + .seconds(2)) { popped.append(offset) }
        #expect(popped == offsets.filter { $0 <= 499 || $0 >= 600 }.sorted())
        #expect(heap.count == 0 && heap.next == nil)
    }

    @Test func `a queue keeps its order while it is compacted`() {
        var queue = FirstInFirstOut<Int>()
        var expected = 0
        for number in 0..<1_000 {
            queue.append(number)
            if number % 3 != 0 {
                #expect(queue.popFirst() == expected)
                expected += 1
            }
        }
        while let number = queue.popFirst() {
            #expect(number == expected)
            expected += 1
        }
        #expect(expected == 1_000 && queue.isEmpty && queue.count == 0)
    }

    @Test func `a table is looked up, changed and measured`() {
        var table: AMQPTable = ["a": 1, "b": "two"]
        table.entries.append(.init(key: "a", value: 3))
        #expect(table["a"] == 1 && table["c"] == nil)
        table["a"] = true
        #expect(table.entries.map(\.key) == ["a", "b"] && table["a"]?.bool == true)
        table["b"] = nil
        table["c"] = .uint64(.max)
        #expect(table.entries.map(\.key) == ["a", "c"])
        #expect(table["c"]?.integer == nil)
        #expect(AMQPValue.string([0xC0]).text == nil)
        #expect(AMQPTable().encodedSize == 4)
        #expect((["k": "abc"] as AMQPTable).encodedSize == 4 + 2 + 1 + 4 + 3)
        #expect(table.defect(maximumSize: 100) == nil)
        #expect(table.defect(maximumSize: 10) != nil)
        let longKey = String(repeating: "k", count: 256)
        #expect(
            AMQPTable(entries: [.init(key: "a", value: .array([.table([longKey: 1])]))]).defect(maximumSize: 9_999)
                != nil
        )
    }
}
