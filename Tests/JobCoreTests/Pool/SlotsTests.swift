import Testing

@testable import JobCore

@Suite struct `Slots of a queue` {
    @Test func `as many start as there are slots, and one more for each that ends`() async {
        let slots = Slots(2)
        #expect(await slots.acquire(.normal))
        #expect(await slots.acquire(.bulk))
        async let third = slots.acquire(.normal)
        slots.release()
        #expect(await third)
    }

    @Test(.timeLimit(.minutes(1))) func `a free slot goes to the highest lane that waits`() async {
        let slots = Slots(1)
        #expect(await slots.acquire(.normal))
        let order = await withTaskGroup(of: Lane.self) { group in
            for lane in [Lane.bulk, .normal, .high] {
                group.addTask {
                    _ = await slots.acquire(lane)
                    return lane
                }
            }
            // Each gives its slot on only once it has been counted here, so the order is that of the slots.
            while slots.waitingCount < 3 { await Task.yield() }
            slots.release()
            var order: [Lane] = []
            for await lane in group {
                order.append(lane)
                slots.release()
            }
            return order
        }
        #expect(order == [.high, .normal, .bulk])
    }

    @Test(.timeLimit(.minutes(1))) func `closing turns away who waits and who comes, until it opens`() async {
        let slots = Slots(1)
        #expect(await slots.acquire(.normal))
        async let waiting = slots.acquire(.high)
        while slots.waitingCount < 1 { await Task.yield() }
        slots.close()
        #expect(await waiting == false)
        #expect(await slots.acquire(.normal) == false)
        slots.release()
        slots.open()
        #expect(await slots.acquire(.normal))
    }

    @Test func `an end is for good`() async {
        let slots = Slots(1)
        slots.end()
        slots.open()
        #expect(await slots.acquire(.high) == false)
    }
}
