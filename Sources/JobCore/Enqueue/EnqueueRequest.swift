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

    package init(job: JobName, version: Int = 1, payload: [UInt8], options: [EnqueueOption] = []) {
        var lane: Lane?
        var delay: Duration?
        var expires: Duration?
        var headers: Headers = [:]
        for option in options {
            switch option {
            case .delay(let duration): delay = duration
            case .lane(let wanted): lane = wanted
            case .expires(let duration): expires = duration
            case .traceparent(let text): headers[HeaderName.traceparent] = .string(text)
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
            enqueuedAt: now,
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
