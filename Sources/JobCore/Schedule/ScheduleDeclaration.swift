/// A schedule as the manifest declares it: when, and which job.
package struct ScheduleDeclaration: Sendable, Equatable {
    /// What happens to a fire while an earlier one of the same schedule has not ended.
    package enum Overlap: String, Sendable, CaseIterable {
        /// It does not take place. The default.
        case skip
        /// It waits until the earlier one has ended.
        case queue
        /// The earlier one is asked to cancel; this one starts when it has ended, or when its time is over.
        case replace
        /// They run side by side.
        case allow
    }

    /// What happens to instants that passed while no scheduler was there.
    package enum CatchUp: String, Sendable, CaseIterable {
        case none
        /// The latest one. The default.
        case last
        case all
    }

    /// `[a-z0-9_]+`, at most 60 bytes.
    package let name: String
    package var timetable: CronTimetable
    package var job: JobName
    /// Nil for the type's own.
    package var lane: Lane?
    /// JSON, with placeholders: see `payload(at:)`.
    package var payload: [UInt8] = Array("{}".utf8)
    package var overlap = Overlap.skip
    package var catchUp = CatchUp.last
    /// With `all`: the latest so many; 1…10 000, default 100.
    package var catchUpMaximum = 100
    /// Nothing older is caught up. Default 1 d.
    package var catchUpWindow: Duration = .seconds(86_400)
    /// Each fire is put off by a part of this that is always the same for the same instant. Default none.
    package var jitter: Duration = .zero
    package let declaredAt: ManifestPlace

    package init(name: String, timetable: CronTimetable, job: JobName, declaredAt: ManifestPlace) {
        self.name = name
        self.timetable = timetable
        self.job = job
        self.declaredAt = declaredAt
    }
}

extension ScheduleDeclaration {
    package static let placeholders = ["{fire_at}", "{fire_date}", "{previous_date}"]

    /// The payload of one fire: `{fire_at}` is its instant, `{fire_date}` its day in the schedule's zone,
    /// `{previous_date}` the day before.
    package func payload(at instant: Timestamp) -> [UInt8] {
        let day = timetable.zone.civil(at: instant.milliseconds / 1000).day
        var text = String(decoding: payload, as: UTF8.self)
        guard text.contains("{") else { return payload }
        for (placeholder, value) in zip(
            ScheduleDeclaration.placeholders,
            [instant.description, day.description, day.advanced(by: -1).description]
        ) {
            text = text.replacing(placeholder, with: value)
        }
        return Array(text.utf8)
    }

    /// `schedule:NAME@INSTANT`, which asks for the outcome to be recorded.
    package func origin(at instant: Timestamp) -> String { "schedule:\(name)@\(instant)" }

    /// When the job of a fire becomes due.
    package func dueAt(_ instant: Timestamp) -> Timestamp {
        guard jitter > .zero else { return instant }
        // FNV-1a (Fowler, Noll, Vo), 64 bits: the same in every process and build.
        let hash = origin(at: instant).utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        return instant.advanced(by: .milliseconds(Int64(hash % UInt64(max(1, jitter.milliseconds)))))
    }
}
