/// One fire of a schedule: at most one for each instant, for ever.
package struct ScheduleFire: Sendable, Equatable {
    package enum Kind: String, Sendable { case cron, manual, backfill }

    package enum State: String, Sendable {
        /// Waits for an earlier one to end.
        case queued
        /// Its job waits, is ready or runs.
        case fired
        case done, dead, cancelled
        /// An earlier one had not ended.
        case skipped
    }

    package let schedule: String
    package let instant: Timestamp
    package let kind: Kind
    package let state: State
    package let jobID: JobID
    package let firedAt: Timestamp
    package let finishedAt: Timestamp?
    /// Of the attempt that ended it.
    package let runTime: Duration?
    package let error: String?
}

/// What the store knows of a schedule.
package struct ScheduleRecord: Sendable, Equatable {
    package let name: String
    package let cron: String
    package let zone: String
    /// Nothing before it is ever fired.
    package let since: Timestamp
    /// Everything up to here has been decided.
    package let watermark: Timestamp
    /// Instants that were not fired.
    package let missed: Int64
    package let pausedAt: Timestamp?
    package let pausedBy: String?
    package let pausedReason: String?
}

/// All schedules that the store knows, at one instant.
package struct ScheduleBook: Sendable, Equatable {
    /// By name.
    package let records: [String: ScheduleRecord]
    /// By the schedules' clock.
    package let now: Timestamp
    /// Some fire waits for an earlier one to end.
    package let hasQueued: Bool
}

extension ScheduleDeclaration {
    /// The job of one fire.
    func envelope(_ id: JobID, at instant: Timestamp, version: Int, born: Timestamp) -> Envelope {
        Envelope(
            id: id,
            job: job,
            lane: lane,
            payload: payload(at: instant),
            version: version,
            enqueuedAt: born,
            readyAt: born,
            origin: origin(at: instant)
        )
    }
}
