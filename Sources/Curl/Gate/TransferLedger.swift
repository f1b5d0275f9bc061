/// Which transfers run and which wait their turn: `slots` of the first, at most `maxWaiting` of the second, in order.
///
/// The slot that was given back last is handed out first, so under light load one warm connection does all the work and
/// the others may grow old and close.
package struct TransferLedger: Sendable {
    package typealias Ticket = UInt64

    package enum Admission: Equatable, Sendable {
        case start(slot: Int)
        case wait
        case full
    }

    package struct Grant: Equatable, Sendable {
        package let ticket: Ticket
        package let slot: Int

        package init(ticket: Ticket, slot: Int) {
            self.ticket = ticket
            self.slot = slot
        }
    }

    private let maxWaiting: Int
    private var idleSlots: [Int]
    private var waiting: [Ticket] = []
    private var firstWaiting = 0
    private var lastTicket: Ticket = 0

    package init(slots: Int, maxWaiting: Int) {
        self.maxWaiting = max(0, maxWaiting)
        idleSlots = Array((0..<max(1, slots)).reversed())
    }

    package var waitingCount: Int { waiting.count - firstWaiting }

    package mutating func makeTicket() -> Ticket {
        lastTicket &+= 1
        return lastTicket
    }

    /// A slot that nobody uses. There is none while anyone waits, so this never overtakes.
    package mutating func takeIdleSlot() -> Int? { idleSlots.popLast() }

    package mutating func submit(_ ticket: Ticket) -> Admission {
        if let slot = takeIdleSlot() { return .start(slot: slot) }
        guard waitingCount < maxWaiting else { return .full }
        waiting.append(ticket)
        return .wait
    }

    /// The transfer in `slot` ended. The ticket that waited longest takes the slot over, if there is one.
    package mutating func release(slot: Int) -> Grant? {
        guard firstWaiting < waiting.count else {
            idleSlots.append(slot)
            return nil
        }
        let ticket = waiting[firstWaiting]
        firstWaiting += 1
        if firstWaiting > 64, firstWaiting * 2 > waiting.count {
            waiting.removeFirst(firstWaiting)
            firstWaiting = 0
        }
        return Grant(ticket: ticket, slot: slot)
    }

    /// A waiting caller gave up. False when the ticket does not wait (any more).
    package mutating func withdraw(_ ticket: Ticket) -> Bool {
        guard let index = waiting[firstWaiting...].firstIndex(of: ticket) else { return false }
        waiting.remove(at: index)
        return true
    }
}
