/// What a process knows of the front of a lane: lag is measured from here where the broker cannot tell.
package struct LaneHead: Sendable, Equatable {
    /// Ready-at of the newest delivery seen: nothing older is still in the queue, but for what came back.
    package var deliveredReadyAt: Timestamp?
    /// Ready-at of the oldest delivery that waits for a slot here.
    package var unstartedReadyAt: Timestamp?

    package init(deliveredReadyAt: Timestamp? = nil, unstartedReadyAt: Timestamp? = nil) {
        self.deliveredReadyAt = deliveredReadyAt
        self.unstartedReadyAt = unstartedReadyAt
    }

    mutating func saw(_ readyAt: Timestamp) {
        deliveredReadyAt = max(deliveredReadyAt ?? readyAt, readyAt)
        unstartedReadyAt = readyAt
    }
}

extension WireMessage {
    /// When the job could first run, as far as the message says.
    var readyAt: Timestamp? {
        if case .int(let milliseconds) = headers[HeaderName.readyAt] { return Timestamp(milliseconds: milliseconds) }
        guard let (milliseconds, overflow) = timestamp?.multipliedReportingOverflow(by: 1000), !overflow else {
            return nil
        }
        return Timestamp(milliseconds: milliseconds).bounded
    }
}
