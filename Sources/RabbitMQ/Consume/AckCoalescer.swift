/// Turns the settles of one channel opening into the fewest frames.
///
/// A value. `multiple` is used only up to a tag below which everything is settled, since it would settle the rest too.
/// A tag settled twice, or never delivered, is refused: on the wire it would close the channel.
struct AckCoalescer {
    enum Settle: Equatable {
        case acknowledge
        /// basic.nack: given back, or dropped to the dead-letter exchange.
        case negativeAcknowledge(requeue: Bool)
        case reject(requeue: Bool)
    }

    enum Command: Equatable {
        case acknowledge(tag: UInt64, multiple: Bool)
        case negativeAcknowledge(tag: UInt64, requeue: Bool)
        case reject(tag: UInt64, requeue: Bool)
    }

    private enum TagState: Equatable {
        case outstanding
        case acknowledged
        case done
    }

    private var states: [TagState] = []
    private var head = 0
    /// The tag of `states[head]`.
    private var base: UInt64 = 1
    private var acknowledged: [UInt64] = []
    private var returned: [Command] = []

    /// Delivered and not yet settled.
    private(set) var outstanding = 0

    var hasCommands: Bool { !acknowledged.isEmpty || !returned.isEmpty }

    /// Tags come in order, one by one.
    /// - Returns: false when the tag is not the next one, which a broker never does.
    mutating func delivered(_ tag: UInt64) -> Bool {
        guard tag == base &+ UInt64(states.count - head) else { return false }
        states.append(.outstanding)
        outstanding += 1
        return true
    }

    /// - Returns: whether the tag was outstanding.
    mutating func settle(_ tag: UInt64, _ settle: Settle) -> Bool {
        guard tag >= base, tag - base < UInt64(states.count - head) else { return false }
        let index = head + Int(tag - base)
        guard states[index] == .outstanding else { return false }
        outstanding -= 1
        switch settle {
        case .acknowledge:
            states[index] = .acknowledged
            acknowledged.append(tag)
        case .negativeAcknowledge(let requeue):
            states[index] = .done
            returned.append(.negativeAcknowledge(tag: tag, requeue: requeue))
        case .reject(let requeue):
            states[index] = .done
            returned.append(.reject(tag: tag, requeue: requeue))
        }
        return true
    }

    /// Acknowledged behind a tag that is still outstanding: each would take a frame of its own, and a command of the
    /// queue's log at the broker. The front may catch up with them.
    var scattered: Int { acknowledged.count }

    /// The commands since the last flush, in the order to send them: what is given back first and by ascending tag,
    /// since the broker keeps the order of the returns, then one acknowledgement for the settled front, then the others,
    /// unless they are kept for a later one.
    mutating func flush(keepingScattered: Bool = false) -> [Command] {
        guard hasCommands else { return [] }
        var commands = returned.sorted { $0.tag < $1.tag }
        returned.removeAll(keepingCapacity: true)
        var front: (last: UInt64, count: Int)?
        while head < states.count, states[head] != .outstanding {
            if states[head] == .acknowledged { front = (base, (front?.count ?? 0) + 1) }
            head += 1
            base += 1
        }
        if let front { commands.append(.acknowledge(tag: front.last, multiple: front.count > 1)) }
        if keepingScattered {
            acknowledged.removeAll { $0 < base }
        } else {
            for tag in acknowledged.sorted() where tag >= base {
                commands.append(.acknowledge(tag: tag, multiple: false))
                states[head + Int(tag - base)] = .done
            }
            acknowledged.removeAll(keepingCapacity: true)
        }
        if head == states.count {
            states.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 256, head > states.count / 2 {
            states.removeFirst(head)
            head = 0
        }
        return commands
    }
}

extension AckCoalescer.Command {
    fileprivate var tag: UInt64 {
        switch self {
        case .acknowledge(let tag, _), .negativeAcknowledge(let tag, _), .reject(let tag, _): tag
        }
    }

    var method: OutboundMethod {
        switch self {
        case .acknowledge(let tag, let multiple): .acknowledge(tag: tag, multiple: multiple)
        case .negativeAcknowledge(let tag, let requeue): .negativeAcknowledge(tag: tag, requeue: requeue)
        case .reject(let tag, let requeue): .reject(tag: tag, requeue: requeue)
        }
    }
}
