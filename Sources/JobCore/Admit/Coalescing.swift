/// An event of a debounced or throttled key, in the order that decides whose payload is the last.
package struct CoalescedEvent: Sendable, Hashable, Comparable {
    /// When its job was enqueued.
    package let at: Timestamp
    package let id: JobID

    package init(at: Timestamp, id: JobID) {
        self.at = at
        self.id = id
    }

    package static func < (left: CoalescedEvent, right: CoalescedEvent) -> Bool {
        (left.at, left.id.high, left.id.low) < (right.at, right.id.high, right.id.low)
    }
}

/// What events of one key become. A value: the store reads it, hands it the events, and writes what it says.
///
/// One run that is to come is a *generation*: a waiting row with an id of its own, the first event's. A row that a
/// promoter holds is as good as gone, since nobody can tell whether its message is out: what comes then begins the next
/// generation, and the old row may still run with the payload it has, never again later.
package struct Coalescing: Sendable, Equatable {
    /// What is remembered of a key, also after its run.
    package struct Memory: Sendable, Equatable {
        /// The newest event seen. What is older, or the same again, comes late: its payload is not the last.
        package var last: CoalescedEvent?
        /// The run that the newest event went into.
        package var generation: JobID?
        /// Until when a leading run or a throttle's last one keeps others waiting.
        package var windowEnd: Timestamp?

        package init(last: CoalescedEvent? = nil, generation: JobID? = nil, windowEnd: Timestamp? = nil) {
            self.last = last
            self.generation = generation
            self.windowEnd = windowEnd
        }
    }

    /// The waiting row of the key.
    package struct Row: Sendable, Equatable {
        package var id: JobID
        package var firstAt: Timestamp
        package var due: Timestamp
        package var isClaimed: Bool

        package init(id: JobID, firstAt: Timestamp, due: Timestamp, isClaimed: Bool = false) {
            self.id = id
            self.firstAt = firstAt
            self.due = due
            self.isClaimed = isClaimed
        }
    }

    package private(set) var memory: Memory
    /// As it is to be, or as it was found when nothing came for it.
    package private(set) var row: Row?
    /// The newest event of the row, if one of these events changed it.
    package private(set) var winner: CoalescedEvent?
    /// Events that run at once, each for itself.
    package private(set) var leading: [CoalescedEvent] = []
    /// Of a row that a promoter holds, and that another takes the place of.
    package private(set) var replaced: JobID?

    package init(memory: Memory, row: Row?) {
        self.memory = memory
        self.row = row
    }

    /// - Parameter now: by the clock by which waiting jobs become due.
    package mutating func event(_ event: CoalescedEvent, _ rule: Admission, now: Timestamp) -> WaitAnswer {
        if let last = memory.last, event <= last {
            let into = row?.id ?? memory.generation ?? event.id
            return into == event.id ? .waits : .coalesced(into: into)
        }
        memory.last = event
        if rule.hasLeadingRun, row == nil, memory.windowEnd.map({ $0 <= now }) ?? true {
            leading.append(event)
            memory.generation = event.id
            memory.windowEnd = now.advanced(by: rule.pause)
            return .waits
        }
        winner = event
        if var open = row, !open.isClaimed {
            open.due = rule.due(after: open, now: now)
            row = open
            if rule.hasLeadingRun { memory.windowEnd = rule.windowEnd(after: open.due) }
            return open.id == event.id ? .waits : .coalesced(into: open.id)
        }
        replaced = replaced ?? row?.id
        let due = rule.firstDue(windowEnd: memory.windowEnd, now: now)
        row = Row(id: event.id, firstAt: now, due: due)
        memory.generation = event.id
        if rule.hasLeadingRun { memory.windowEnd = rule.windowEnd(after: due) }
        return .waits
    }

    /// How long events of the key may still come late: what is older is forgotten.
    package func remembers(_ rule: Admission, now: Timestamp) -> Timestamp {
        max(now, row?.due ?? now, memory.windowEnd ?? now).advanced(by: Coalescing.lateness)
    }

    /// Events that come later than this after the run of a newer one start a new run, with their older payload.
    package static let lateness: Duration = .seconds(3600)
}

extension Admission {
    fileprivate var hasLeadingRun: Bool {
        switch self {
        case .debounce(_, _, _, let leading): leading
        case .throttle: true
        case .unique: false
        }
    }

    fileprivate var pause: Duration {
        switch self {
        case .debounce(_, let wait, _, _): wait
        case .throttle(_, let interval): interval
        case .unique: .zero
        }
    }

    fileprivate func firstDue(windowEnd: Timestamp?, now: Timestamp) -> Timestamp {
        switch self {
        case .debounce(_, let wait, let maximum, _): now.advanced(by: min(wait, maximum ?? wait))
        case .throttle: max(windowEnd ?? now, now)
        case .unique: now
        }
    }

    fileprivate func due(after row: Coalescing.Row, now: Timestamp) -> Timestamp {
        switch self {
        case .debounce(_, let wait, let maximum, _):
            let pushed = now.advanced(by: wait)
            return maximum.map { min(pushed, row.firstAt.advanced(by: $0)) } ?? pushed
        case .throttle, .unique: return row.due
        }
    }

    /// A throttle counts its next interval from the run; after a debounced run the next event leads again.
    fileprivate func windowEnd(after due: Timestamp) -> Timestamp {
        if case .throttle(_, let interval) = self { due.advanced(by: interval) } else { due }
    }
}
