/// A job to enqueue, before it is stamped: from Swift's types, from the command line or from a file.
package struct EnqueueRequest: Sendable {
    package let id: JobID
    package let job: JobName
    package let version: Int
    package let payload: [UInt8]
    package let lane: Lane?
    package let delay: Duration?
    package let expires: Duration?
    package let headers: Headers
    /// More than one is refused, by `checked`.
    package let admissions: [Admission]
    /// When it was asked for, where that was before now: decides whose payload is the last of a debounced key.
    package let enqueuedAt: Timestamp?

    package init(
        job: JobName,
        version: Int = 1,
        payload: [UInt8],
        options: [EnqueueOption] = [],
        enqueuedAt: Timestamp? = nil
    ) {
        var lane: Lane?
        var delay: Duration?
        var expires: Duration?
        var headers: Headers = [:]
        var admissions: [Admission] = []
        for option in options {
            switch option {
            case .delay(let duration): delay = duration
            case .lane(let wanted): lane = wanted
            case .expires(let duration): expires = duration
            case .traceparent(let text): headers[HeaderName.traceparent] = .string(text)
            case .debounce(let key, let wait, let maximum, let leading):
                admissions.append(.debounce(key: key, wait: wait, maximum: maximum, leading: leading))
            case .throttle(let key, let interval): admissions.append(.throttle(key: key, interval: interval))
            case .unique(let key, let mode, let lasting):
                admissions.append(.unique(key: key, mode: mode, lasting: lasting ?? Admission.uniqueLasting))
            case .id: break
            }
        }
        self.id = options.id ?? JobID()
        self.job = job
        self.version = version
        self.payload = payload
        self.lane = lane
        self.delay = delay
        self.expires = expires
        self.headers = headers
        self.admissions = admissions
        self.enqueuedAt = enqueuedAt
    }

    /// The same under another id.
    package func with(id: JobID) -> EnqueueRequest { EnqueueRequest(self, id: id) }

    private init(_ other: EnqueueRequest, id: JobID) {
        self.id = id
        job = other.job
        version = other.version
        payload = other.payload
        lane = other.lane
        delay = other.delay
        expires = other.expires
        headers = other.headers
        admissions = other.admissions
        enqueuedAt = other.enqueuedAt
    }

    /// What it asks for beside running: nil for most.
    func admission() throws(Malformed) -> Admission? {
        guard let admission = try admissions.first?.checked() else { return nil }
        guard admissions.count == 1 else { throw Admission.tooMany }
        if case .unique = admission { return admission }
        guard delay == nil else {
            throw Malformed("malformed_admission", "a debounced or throttled job has no delay of its own: leave it out")
        }
        return admission
    }

    /// Limits are checked here too, so that a bad payload is the enqueuer's error and not a dead letter.
    func envelope(at now: Timestamp) throws(Malformed) -> Envelope {
        guard JobName.isValid(job.rawValue) else {
            throw Malformed("malformed_name", "\(job) is not a job name: two to six parts of [a-z0-9_] joined by dots")
        }
        try PayloadLimits.check(payload)
        return Envelope(
            id: id,
            job: job,
            lane: lane,
            payload: payload,
            version: version,
            enqueuedAt: enqueuedAt ?? now,
            readyAt: now,
            expiresAt: expires.map { now.advanced(by: $0).bounded },
            carried: headers
        )
    }
}

extension [EnqueueOption] {
    var id: JobID? {
        for case .id(let id) in self { return id }
        return nil
    }
}
