import CRabbitMQ

/// A live connection as its link sees it: frames in, methods and messages out, no call ever waits.
///
/// Made by the dial thread, then used by the link's thread only.
final class Wire {
    private var handle: ConnectionHandle
    private var assembler: FrameAssembler
    private var room = SendRoom()
    private var outbox = FirstInFirstOut<(channel: UInt16, method: OutboundMethod)>()
    private let sendBuffer: Int32

    let host: String
    let descriptor: Int32
    let channelMax: Int
    let heartbeat: Duration
    /// Largest piece of a body sent in one frame: small enough that `room` can grant it in full.
    let fragment: Int
    private(set) var lastSent: Instant
    private(set) var lastReceived: Instant
    private var heartbeatTried: Instant
    private var sendsInTurn = 0
    /// Something waits for room: the loop asks for writability.
    private(set) var wantsWrite = false

    init(
        handle: consuming ConnectionHandle,
        host: String,
        sendBuffer: Int32,
        channelMax: Int,
        frameMax: Int,
        heartbeat: Duration,
        configuration: AMQPConfiguration
    ) {
        descriptor = handle.descriptor
        self.handle = handle
        self.host = host
        self.sendBuffer = sendBuffer
        self.channelMax = channelMax
        self.heartbeat = heartbeat
        fragment = max(1_024, min(frameMax - 8, Int(sendBuffer) / 8))
        assembler = FrameAssembler(
            channelMax: channelMax,
            bodyLimit: configuration.bodyLimit,
            truncatedBody: configuration.truncatedBody,
            makeHasher: configuration.makeHasher
        )
        let now = Instant.now
        (lastSent, lastReceived, heartbeatTried) = (now, now, now)
    }

    var hasBufferedInput: Bool { handle.hasBufferedInput }
    var hasQueuedMethods: Bool { !outbox.isEmpty }

    /// Reads at most `limit` frames and gives what they complete to `deliver`. Called only when something has come:
    /// librabbitmq swallows heartbeats, so the arrival of bytes is the sign of life, not that of frames.
    func receive(
        limit: Int,
        now: Instant,
        _ deliver: (FrameAssembler.Action, UInt16) throws(LinkFailure) -> Void
    ) throws(LinkFailure) {
        lastReceived = now
        for _ in 0..<limit {
            var action = FrameAssembler.Action.none
            var channel: UInt16 = 0
            let read = handle.read { bytes, bodyChannel in
                channel = bodyChannel
                action = assembler.body(bytes, channel: bodyChannel)
            }
            switch read {
            case .nothing: return
            case .failed(let status): throw LinkFailure("read: \(ConnectionHandle.text(status))")
            case .frame(.heartbeat), .frame(.body): break
            case .frame(.method(let method, let methodChannel)):
                channel = methodChannel
                action = assembler.method(method, channel: channel)
            case .frame(.header(let bodySize, let properties, let headerChannel)):
                channel = headerChannel
                action = assembler.header(bodySize: bodySize, properties: properties, channel: channel)
            }
            if case .none = action { continue }
            if case .violation(let text) = action { throw LinkFailure("protocol violation: \(text)") }
            try deliver(action, channel)
        }
    }

    /// Sent in order at the end of the turn, when there is room. Bounded by the channels and their prefetch.
    func enqueue(_ method: OutboundMethod, channel: UInt16) { outbox.append((channel, method)) }

    func sendMethods(now: Instant) throws(LinkFailure) {
        wantsWrite = false
        while let next = outbox.first {
            guard hasRoom(next.method.sizeBound) else { return }
            outbox.popFirst()
            try check(handle.send(next.method, channel: next.channel), now: now)
        }
    }

    /// Whether `bytes` can be sent now; if not, the loop turns again once the socket is writable.
    func hasRoom(_ bytes: Int) -> Bool {
        let granted = room.take(bytes) { Int(crmq_send_room(descriptor, sendBuffer)) }
        if !granted { wantsWrite = true }
        return granted
    }

    func publish(_ message: borrowing AMQPMessage, sequence: UInt64?, channel: UInt16, now: Instant) throws(LinkFailure)
    {
        try check(handle.publish(message, sequence: sequence, channel: channel), now: now)
    }

    func beginPublish(
        _ message: borrowing AMQPMessage,
        sequence: UInt64?,
        channel: UInt16,
        now: Instant
    ) throws(LinkFailure) {
        try check(handle.beginPublish(message, sequence: sequence, channel: channel), now: now)
    }

    func sendBody(_ body: [UInt8], range: Range<Int>, channel: UInt16, now: Instant) throws(LinkFailure) {
        try check(handle.sendBody(body, range: range, channel: channel), now: now)
    }

    /// Sends a heartbeat when one is due. A socket without room is left alone: the peer is not reading anyway.
    func keepAlive(now: Instant) throws(LinkFailure) {
        if now - lastReceived > heartbeat * 2 {
            throw LinkFailure("no sign of life from the broker for two heartbeats")
        }
        guard now - max(lastSent, heartbeatTried) >= heartbeat / 2 else { return }
        heartbeatTried = now
        if hasRoom(8) { try check(handle.sendHeartbeat(), now: now) }
    }

    var nextKeepAlive: Instant {
        min(max(lastSent, heartbeatTried) + heartbeat / 2, lastReceived + heartbeat * 2 + .milliseconds(1))
    }

    private func check(_ status: Int32, now: Instant) throws(LinkFailure) {
        guard status == 0 else { throw LinkFailure("send: \(ConnectionHandle.text(status))") }
        lastSent = now
        sendsInTurn += 1
        if sendsInTurn == 2 { crmq_hold_packets(descriptor, 1) }
    }

    /// At the end of each turn. A lone send leaves at once; what follows it in the same turn shares packets, which costs
    /// the broker and us less than one each.
    func endTurn() {
        if sendsInTurn >= 2 { crmq_hold_packets(descriptor, 0) }
        sendsInTurn = 0
    }
}

typealias Instant = ContinuousClock.Instant

/// The connection is useless; why.
struct LinkFailure: Error, Equatable {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
