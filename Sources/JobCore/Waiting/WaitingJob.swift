/// Why a job waits.
public enum WaitingReason: String, Sendable, CaseIterable {
    case delay, retry, snooze, debounce, limit, fire, replay, killed
}

/// When a waiting job becomes due: at an instant, or so long after the store has written the row.
package enum Due: Sendable, Equatable {
    case at(Timestamp)
    case after(Duration)
}

/// A job on its way into `waiting`.
package struct WaitingEntry: Sendable, Equatable {
    package var envelope: Envelope
    /// Nil when only the store knows it: the routing table is asked.
    package var address: QueueAddress?
    package var due: Due
    package var reason: WaitingReason
    /// Label and message of the failure that sent it here.
    package var lastError: String?
    package var operationID: String?
    /// Asks to be one of many, or the only one: decided where the row is written.
    package var admission: Admission?

    package init(
        envelope: Envelope,
        address: QueueAddress?,
        due: Due,
        reason: WaitingReason,
        lastError: String? = nil,
        operationID: String? = nil,
        admission: Admission? = nil
    ) {
        self.envelope = envelope
        self.address = address
        self.due = due
        self.reason = reason
        self.lastError = lastError
        self.operationID = operationID
        self.admission = admission
    }
}

/// A row of `waiting`, as the promoter and the operator see it.
package struct WaitingJob: Sendable, Equatable {
    package let envelope: Envelope
    package let address: QueueAddress
    /// Raised by each write: a row may only be deleted with the version that was read.
    package let version: Int64
    package let dueAt: Timestamp
    package let reason: WaitingReason
    package let lastError: String?
    package let operationID: String?
}

extension WaitingJob {
    /// Columns in the order every reader of the table selects them.
    static let columns = """
        id, version, job, queue, lane, payload, headers, attempt, due_at, reason, enqueued_at, expires_at, last_error, \
        operation_id
        """

    init(row: SQLRow) throws(StoreError) {
        let headers = HeadersCoding.decode(try row.bytes("headers"))
        let lane = Lane(rawValue: try row.text("lane")) ?? .normal
        let due = try row.instant("due_at")
        envelope = Envelope(
            id: try row.id("id"),
            job: JobName(unchecked: try row.text("job")),
            lane: lane,
            payload: try row.payload("payload", owner: "id"),
            version: headers[HeaderName.version]?.integer ?? 1,
            attempt: Int(try row.int("attempt")),
            enqueuedAt: try row.instant("enqueued_at"),
            readyAt: due,
            expiresAt: try row.optionalInstant("expires_at"),
            origin: headers[HeaderName.origin]?.string,
            carried: headers.filter { $0.key != HeaderName.version && $0.key != HeaderName.origin }
        )
        address = QueueAddress(try row.text("queue"), lane)
        version = try row.int("version")
        dueAt = due
        reason = WaitingReason(rawValue: try row.text("reason")) ?? .delay
        lastError = try row.optionalText("last_error")
        operationID = try row.optionalText("operation_id")
    }
}

extension Envelope {
    /// What is kept of the headers beside the columns of a stored job.
    package var storedHeaders: Headers {
        var headers = carried
        headers[HeaderName.version] = .int(Int64(version))
        if let origin { headers[HeaderName.origin] = .string(origin) }
        return headers
    }
}

extension HeaderValue {
    package var integer: Int? {
        if case .int(let value) = self { Int(value) } else { nil }
    }

    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }
}
