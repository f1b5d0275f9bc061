import Synchronization
import Testing

@testable import JobCore

@Suite(.timeLimit(.minutes(1))) struct `A conveyor` {
    @Test func `carries everything in order, a few ahead at most`() async {
        let conveyor = Conveyor<Int>(capacity: 2)
        let given = Mutex(0)
        let giver = Task {
            for number in 0..<1000 {
                guard await conveyor.give(number) else { return }
                given.withLock { $0 = number + 1 }
            }
            conveyor.close()
        }
        var taken: [Int] = []
        while let number = await conveyor.take() {
            taken.append(number)
            // Given: what was taken, what lies ready, and the one that is being given.
            #expect(given.withLock { $0 } <= taken.count + 2)
        }
        await giver.value
        #expect(taken == Array(0..<1000))
    }

    @Test func `waits until all is taken when it is asked to`() async {
        let conveyor = Conveyor<Int>(capacity: 5)
        let returned = Mutex(false)
        let giver = Task {
            _ = await conveyor.give(1)
            _ = await conveyor.give(2, waitsUntilTaken: true)
            returned.withLock { $0 = true }
            conveyor.close()
        }
        #expect(await conveyor.take() == 1)
        #expect(!returned.withLock { $0 })
        #expect(await conveyor.take() == 2)
        #expect(await conveyor.take() == nil)
        await giver.value
        #expect(returned.withLock { $0 })
    }

    @Test func `a taker that goes away lets the giver go, also one that waits`() async {
        let conveyor = Conveyor<Int>(capacity: 1)
        #expect(await conveyor.give(1))
        let waiting = Task { await conveyor.give(2) }
        conveyor.close()
        #expect(await waiting.value == false)
        #expect(await conveyor.give(3) == false)
        #expect(await conveyor.take() == 1, "what was there can still be taken")
        #expect(await conveyor.take() == nil)
    }
}

@Suite(.timeLimit(.minutes(1))) struct `A batcher` {
    @Test func `answers each with its own, and never works at two batches at once`() async {
        let sizes = Mutex<[Int]>([])
        let atWork = Mutex(0)
        let batcher = Batcher<Int, Int>(maximum: 50) { items in
            atWork.withLock { $0 += 1 }
            #expect(atWork.withLock { $0 } == 1)
            sizes.withLock { $0.append(items.count) }
            await Task.yield()
            atWork.withLock { $0 -= 1 }
            return items.map { $0 * 2 }
        }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1000 { group.addTask { #expect(await batcher.submit(number) == number * 2) } }
        }
        let seen = sizes.withLock { $0 }
        #expect(seen.reduce(0, +) == 1000 && seen.allSatisfy { $0 <= 50 })
        #expect(await batcher.submit(7) == 14, "a lone caller after all others")
    }
}
