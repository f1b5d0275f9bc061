/// What happened to a letter since it died.
public enum LetterState: String, Sendable, CaseIterable {
    case open, replaying, replayed, purged, drained
}

/// A job that will not be tried again by itself, with everything a person needs to decide.
package struct DeadLetter: Sendable, Equatable {
    package var jobID: JobID
    /// One death of a job has one id, however often it is written: a redelivered letter is not stored twice.
    package var deathID: String
    package var job: String
    package var address: QueueAddress
    package var payload: [UInt8]
    package var headers: Headers
    package var attempts: Int
    package var failure: Failure
    package var build: String
    package var worker: String
    package var enqueuedAt: Timestamp
    /// Set when the body was larger than the limit: `payload` is its beginning, and it cannot be replayed.
    package var oversize: Delivery.Oversize?

    package init(
        jobID: JobID,
        deathID: String,
        job: String,
        address: QueueAddress,
        payload: [UInt8],
        headers: Headers,
        attempts: Int,
        failure: Failure,
        build: String,
        worker: String,
        enqueuedAt: Timestamp,
        oversize: Delivery.Oversize? = nil
    ) {
        self.jobID = jobID
        self.deathID = deathID
        self.job = job
        self.address = address
        self.payload = payload
        self.headers = headers
        self.attempts = attempts
        self.failure = failure
        self.build = build
        self.worker = worker
        self.enqueuedAt = enqueuedAt
        self.oversize = oversize
    }

    /// The letter of an attempt that must not be repeated.
    package init(_ envelope: Envelope, at address: QueueAddress, failure: Failure, build: String, worker: String) {
        let replay = envelope.carried[HeaderName.replayOperation]?.string
        // A waiting row has a column for the expiry, a letter has not.
        var headers = envelope.storedHeaders
        if let expiresAt = envelope.expiresAt { headers[HeaderName.expiresAt] = .int(expiresAt.milliseconds) }
        self.init(
            jobID: envelope.id,
            deathID: DeadLetter.deathID(attempt: envelope.attempt, replay: replay),
            job: envelope.job.rawValue,
            address: address,
            payload: envelope.payload,
            headers: headers,
            attempts: envelope.attempt,
            failure: failure,
            build: build,
            worker: worker,
            enqueuedAt: envelope.enqueuedAt
        )
    }
}

/// Why an attempt failed: a bounded label for groups and metrics, and a message for people.
package struct Failure: Sendable, Equatable {
    package let label: String
    package let message: String

    package init(_ label: String, _ message: String) {
        self.label = label
        self.message = message
    }
}

extension DeadLetter {
    private static let attemptMark = "attempt:"
    private static let replayMark = ":replay:"

    private static func deathID(attempt: Int, replay: String?) -> String {
        attemptMark + "\(attempt)" + (replay.map { replayMark + $0 } ?? "")
    }

    /// The replay under which an attempt left this letter, empty for none. Nil for a letter of the collector's or of
    /// strange bytes: no attempt is known to be over by it.
    static func run(ofDeath id: String) -> String? {
        guard id.hasPrefix(attemptMark) else { return nil }
        return id.firstRange(of: replayMark).map { String(id[$0.upperBound...]) } ?? ""
    }
}
