/// One lane of a queue: a broker queue of its own.
public struct QueueAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let queue: String
    public let lane: Lane

    public init(_ queue: String, _ lane: Lane = .normal) {
        self.queue = queue
        self.lane = lane
    }

    /// The broker's name of it, before `JOBS_PREFIX`: `normal` has no suffix.
    public var name: String {
        lane == .normal ? queue : "\(queue).\(lane.rawValue)"
    }

    /// Where the broker puts what it or a stranger dead-letters from any lane of the queue.
    package var deadLetterQueue: String { "\(queue).dead" }

    public var description: String { name }

    public static func < (left: QueueAddress, right: QueueAddress) -> Bool {
        (left.queue, left.lane) < (right.queue, right.lane)
    }
}

extension QueueAddress {
    /// `email.high` → queue `email`, lane high.
    package init(brokerQueue name: String) {
        if let dot = name.lastIndex(of: "."), let lane = Lane(rawValue: String(name[name.index(after: dot)...])) {
            self.init(String(name[..<dot]), lane)
        } else {
            self.init(name)
        }
    }
}
