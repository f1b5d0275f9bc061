/// One job on its way: the payload and everything the platform knows about it. The typed side of `WireMessage`.
public struct Envelope: Sendable, Equatable {
    public var id: JobID
    public var job: JobName
    /// The lane asked for; nil means the type's own lane.
    public var lane: Lane?
    /// JSON, at most `PayloadLimits.maximumBytes`.
    public var payload: [UInt8]
    public var version: Int
    /// 1 for the first attempt. Counted here, never by the broker.
    public var attempt: Int
    /// Birth; never changes.
    public var enqueuedAt: Timestamp
    /// When the job could first run since its last wait; set at every publish. Lag is now − this.
    public var readyAt: Timestamp
    /// Not worth running after this instant.
    public var expiresAt: Timestamp?
    /// Who started it, when the outcome must be recorded: `schedule:NAME@T`, `replay:OPERATION`, `unique:KEY`.
    public var origin: String?
    /// Headers that are carried along unchanged: trace context, requests still to be acted on, and a stranger's own.
    public var carried: Headers

    package init(
        id: JobID,
        job: JobName,
        lane: Lane? = nil,
        payload: [UInt8],
        version: Int = 1,
        attempt: Int = 1,
        enqueuedAt: Timestamp,
        readyAt: Timestamp,
        expiresAt: Timestamp? = nil,
        origin: String? = nil,
        carried: Headers = [:]
    ) {
        self.id = id
        self.job = job
        self.lane = lane
        self.payload = payload
        self.version = version
        self.attempt = attempt
        self.enqueuedAt = enqueuedAt
        self.readyAt = readyAt
        self.expiresAt = expiresAt
        self.origin = origin
        self.carried = carried
    }

    package var routingKey: String {
        lane.map { "\(job.rawValue).\($0.rawValue)" } ?? job.rawValue
    }
}
