/// What lives on one channel of a link: publishing, one subscription, or requests. On the link's thread only.
protocol ChannelRole: AnyObject {
    var channel: UInt16 { get set }
    /// The role is over and its channel closed; the link forgets it after the turn.
    var isRetired: Bool { get }
    var nextDeadline: Instant? { get }

    /// The connection is there and the channel not yet open.
    func connected(_ wire: Wire, now: Instant)
    /// The connection is gone, and with it the channel.
    func disconnected(_ reason: String)
    /// The link has ended for good; nothing may wait any longer.
    func shutDown()
    /// A method on this channel. After `channelClose` the link has already answered, and the channel may be opened again.
    func receive(_ method: InboundMethod, now: Instant) throws(LinkFailure)
    func receive(_ message: InboundMessage, now: Instant) throws(LinkFailure)
    /// All that was there to read in this turn has been read.
    func readFinished()
    /// Acts on what is due.
    func tick(_ now: Instant) throws(LinkFailure)
    /// Puts methods into the wire's outbox, which is sent next. The last time nothing may be kept for later.
    func queueMethods(_ wire: Wire, now: Instant, isLast: Bool)
    /// Sends messages while there is room.
    func pump(_ wire: Wire, now: Instant) throws(LinkFailure)
}

extension ChannelRole {
    func receive(_ message: InboundMessage, now: Instant) throws(LinkFailure) {}
    func readFinished() {}
    func queueMethods(_ wire: Wire, now: Instant, isLast: Bool) {}
    func pump(_ wire: Wire, now: Instant) throws(LinkFailure) {}
}
