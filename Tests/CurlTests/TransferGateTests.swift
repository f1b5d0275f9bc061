import Curl
import Testing

@Suite struct `Transfer ledger` {
    @Test func `slots first, then the waiting room, then no`() {
        var ledger = TransferLedger(slots: 2, maxWaiting: 2)
        #expect(ledger.submit(1) == .start(slot: 0))
        #expect(ledger.submit(2) == .start(slot: 1))
        #expect(ledger.submit(3) == .wait)
        #expect(ledger.submit(4) == .wait)
        #expect(ledger.submit(5) == .full)
        #expect(ledger.takeIdleSlot() == nil)
        #expect(ledger.release(slot: 1) == TransferLedger.Grant(ticket: 3, slot: 1))
        #expect(ledger.release(slot: 0) == TransferLedger.Grant(ticket: 4, slot: 0))
        #expect(ledger.release(slot: 0) == nil)
        #expect(ledger.submit(6) == .start(slot: 0))
    }

    @Test func `the slot used last is used first`() {
        var ledger = TransferLedger(slots: 3, maxWaiting: 0)
        for ticket in 1...3 { _ = ledger.submit(UInt64(ticket)) }
        #expect(ledger.release(slot: 0) == nil)
        #expect(ledger.release(slot: 2) == nil)
        #expect(ledger.takeIdleSlot() == 2)
        #expect(ledger.takeIdleSlot() == 0)
        #expect(ledger.takeIdleSlot() == nil)
    }

    @Test func `who gives up loses the place in the line`() {
        var ledger = TransferLedger(slots: 1, maxWaiting: 500)
        _ = ledger.submit(0)
        for ticket in 1...300 { #expect(ledger.submit(UInt64(ticket)) == .wait) }
        let withdrawn = (1...300).filter { $0.isMultiple(of: 2) }.map { ledger.withdraw(UInt64($0)) }
        #expect(withdrawn.allSatisfy { $0 })
        #expect(ledger.withdraw(2) == false)
        let order = (0..<151).map { _ in ledger.release(slot: 0)?.ticket }
        #expect(order == stride(from: 1, to: 300, by: 2).map { UInt64($0) } + [nil])
        #expect(ledger.waitingCount == 0)
    }
}

@Suite struct `Transfer gate` {
    @Test func `nobody gets a slot twice and everybody gets one`() async {
        let gate = TransferGate(slots: 3, maxWaiting: 1000)
        let slots = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    guard let slot = try? await gate.enter(patience: .seconds(60)) else { return nil }
                    await Task.yield()
                    gate.leave(slot)
                    return slot
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(slots.count { $0 != nil } == 1000)
        #expect(gate.waitingCount == 0)
    }

    @Test func `waiting ends by time, by cancellation and by closing`() async throws {
        let gate = TransferGate(slots: 1, maxWaiting: 10)
        let slot = try await gate.enter(patience: .seconds(1))
        await #expect(throws: TransferGate.Refusal.expired) { try await gate.enter(patience: .milliseconds(20)) }

        let cancelled = Task { try await gate.enter(patience: .seconds(60)) }
        while gate.waitingCount == 0 { await Task.yield() }
        cancelled.cancel()
        await #expect(throws: TransferGate.Refusal.cancelled) { try await cancelled.value }

        let closed = Task { try await gate.enter(patience: .seconds(60)) }
        while gate.waitingCount == 0 { await Task.yield() }
        gate.close()
        await #expect(throws: TransferGate.Refusal.closed) { try await closed.value }
        gate.leave(slot)
        await #expect(throws: TransferGate.Refusal.closed) { try await gate.enter(patience: .seconds(1)) }
    }
}
