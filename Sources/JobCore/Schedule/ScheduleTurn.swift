/// Which instants of a schedule are to be fired now, and which have been missed. Pure.
package struct ScheduleTurn: Sendable, Equatable {
    /// Later than this after its instant, a fire is one that catches up.
    package static let punctual: Duration = .seconds(60)
    /// One turn takes no more; the next goes on where it ended.
    package static let maximum = 500
    /// So many missed ones are counted; beyond, the count says "at least".
    private static let counted = 10_000

    /// Oldest first.
    package private(set) var fires: [Timestamp] = []
    /// How many of them, from the first, catch up.
    package private(set) var lateCount = 0
    package private(set) var missed = 0
    /// Everything up to here has been decided.
    package private(set) var watermark: Timestamp

    /// - Parameters:
    ///   - watermark: everything up to it was decided before.
    ///   - speed: of the schedule's clock; what is punctual is a matter of real time.
    package init(_ schedule: ScheduleDeclaration, after watermark: Timestamp, now: Timestamp, speed: Int64 = 1) {
        self.watermark = watermark
        guard now > watermark else { return }
        let timetable = schedule.timetable
        let edge = now.advanced(by: .zero - ScheduleTurn.punctual * Int(speed))
        let window = now.advanced(by: .zero - schedule.catchUpWindow)
        let start = max(watermark, min(window, edge))
        var due = timetable.instants(after: start, through: now, limit: ScheduleTurn.counted)
        let isWhole = due.count < ScheduleTurn.counted
        if start > watermark {
            missed += timetable.instants(after: watermark, through: start, limit: ScheduleTurn.counted).count
        }
        let late = due.prefix { $0 <= edge }.count
        switch schedule.catchUp {
        case .none:
            missed += late
            due.removeFirst(late)
        case .last:
            let kept = due.count > late ? 0 : min(late, 1)
            missed += late - kept
            due.removeFirst(late - kept)
        case .all:
            let dropped = max(0, late - schedule.catchUpMaximum)
            missed += dropped
            due.removeFirst(dropped)
        }
        fires = Array(due.prefix(ScheduleTurn.maximum))
        lateCount = fires.prefix { $0 <= edge }.count
        let isDecided = isWhole && fires.count == due.count
        self.watermark = isDecided ? now : fires.last ?? start
    }
}
