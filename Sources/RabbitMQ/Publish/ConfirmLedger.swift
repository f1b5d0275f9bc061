/// What was sent on one opening of a channel and not yet answered, by publish sequence number from 1.
///
/// A value; `Token` says whose message it is. Answers may come in any order and for ranges; a return comes before the
/// acknowledgement of its message. Numbers never sent, or answered before, change nothing and are counted as `strays`.
struct ConfirmLedger<Token> {
    enum Outcome: Equatable {
        case confirmed
        case rejected
        case returned(code: UInt16, text: String)
    }

    private struct Entry {
        var token: Token?
        var messageID: String?
        var sent: Instant
        var returned: Outcome?
    }

    private var entries: [Entry] = []
    private var head = 0
    /// The sequence number of `entries[head]`.
    private var base: UInt64 = 1

    /// Sent and not answered.
    private(set) var inFlight = 0
    private(set) var strays = 0

    /// The number the next message will have.
    var nextSequence: UInt64 { base + UInt64(entries.count - head) }

    /// When the oldest unanswered message was sent.
    var oldest: Instant? { head < entries.count ? entries[head].sent : nil }

    mutating func sent(_ token: Token, messageID: String?, now: Instant) {
        entries.append(Entry(token: token, messageID: messageID, sent: now))
        inFlight += 1
    }

    /// Notes that a message came back. It stays in flight until its acknowledgement.
    mutating func returned(_ match: ReturnMatch?, code: UInt16, text: String) {
        let index: Int?
        switch match {
        case .messageID(let id):
            // Returns come in the order of sending, so the search ends near the front.
            index = entries[head...].firstIndex { $0.messageID == id && $0.token != nil && $0.returned == nil }
        case .sequence(let number): index = position(number)
        case nil: index = nil
        }
        guard let index, entries[index].token != nil else {
            strays += 1
            return
        }
        entries[index].returned = .returned(code: code, text: text)
    }

    /// Settles one number, or with `multiple` all up to it (0 = all sent); calls `settle` in the order of sending.
    mutating func answered(_ tag: UInt64, multiple: Bool, positive: Bool, settle: (Token, Outcome) -> Void) {
        let first: Int
        let last: Int
        if multiple {
            guard head < entries.count, tag == 0 || tag >= base else { return }
            first = head
            last = tag == 0 ? entries.count - 1 : min(position(tag) ?? entries.count - 1, entries.count - 1)
            if tag >= nextSequence { strays += 1 }
        } else {
            guard let index = position(tag), entries[index].token != nil else {
                strays += 1
                return
            }
            (first, last) = (index, index)
        }
        for index in first...last {
            guard let token = entries[index].token.take() else { continue }
            inFlight -= 1
            settle(token, positive ? entries[index].returned ?? .confirmed : .rejected)
        }
        forgetSettled()
    }

    /// The channel is gone: everything unanswered, in the order of sending. The ledger starts anew.
    mutating func drain() -> [(token: Token, returned: Outcome?)] {
        defer { self = Self() }
        return entries[head...].compactMap { entry in entry.token.map { ($0, entry.returned) } }
    }

    /// Nobody waits for these any more; their numbers stay taken, so that late answers find their place.
    mutating func abandon() -> [(token: Token, returned: Outcome?)] {
        var abandoned: [(token: Token, returned: Outcome?)] = []
        for index in entries[head...].indices {
            guard let token = entries[index].token.take() else { continue }
            abandoned.append((token, entries[index].returned))
        }
        inFlight = 0
        forgetSettled()
        return abandoned
    }

    private func position(_ tag: UInt64) -> Int? {
        guard tag >= base, tag - base < UInt64(entries.count - head) else { return nil }
        return head + Int(tag - base)
    }

    private mutating func forgetSettled() {
        while head < entries.count, entries[head].token == nil {
            head += 1
            base += 1
        }
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 256, head > entries.count / 2 {
            entries.removeFirst(head)
            head = 0
        }
    }
}
