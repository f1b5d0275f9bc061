package import JobCore
package import Logging

/// Fires the schedules. The lease keeps others from doing the same work; that an instant fires once is the store's doing,
/// whoever comes.
package struct CronLoop: Sendable {
    private let store: Store
    private let manifest: Manifest
    private let clock: ScheduleClock
    private let logger: Logger
    private let schedules: [ScheduleDeclaration]

    package init(store: Store, manifest: Manifest, clock: ScheduleClock, logger: Logger) {
        self.store = store
        self.manifest = manifest
        self.clock = clock
        self.logger = logger
        schedules = manifest.schedules.values.sorted { $0.name < $1.name }
    }

    /// - Returns: how long nothing is to do.
    package func turn(_ lease: Lease) async throws(StoreError) -> Duration {
        let book = try await store.enter(schedules)
        var next: Timestamp?
        for schedule in schedules {
            guard let record = book.records[schedule.name], record.pausedAt == nil else { continue }
            let turn = ScheduleTurn(schedule, after: record.watermark, now: book.now, speed: clock.speed)
            if !turn.fires.isEmpty || turn.missed > 0 {
                guard try await fire(schedule, turn, lease) else { return .seconds(2) }
            }
            let upcoming = turn.watermark < book.now ? book.now : schedule.timetable.next(after: book.now)
            if let upcoming { next = min(next ?? upcoming, upcoming) }
        }
        if book.hasQueued {
            let released = try await store.releaseQueued(releasable, under: lease)
            if released > 0 { logger.debug("queued fires go", metadata: [LogKey.count: "\(released)"]) }
        }
        let nap = next.map { max(.zero, $0.duration(since: book.now)) / Int(clock.speed) } ?? .seconds(2)
        return max(.milliseconds(5), min(nap, book.hasQueued ? .milliseconds(100) : .seconds(2)))
    }

    /// False when the lease is lost.
    private func fire(
        _ schedule: ScheduleDeclaration,
        _ turn: ScheduleTurn,
        _ lease: Lease
    ) async throws(StoreError) -> Bool {
        let version = manifest.jobs[schedule.job]?.version ?? 1
        guard let fired = try await store.fire(schedule, version: version, turn: turn, under: lease) else {
            logger.notice("the lease has gone to another process", metadata: [LogKey.name: "\(schedule.name)"])
            return false
        }
        if turn.missed > 0 {
            logger.warning(
                "instants of a schedule have passed unfired",
                metadata: [LogKey.name: "\(schedule.name)", LogKey.count: "\(turn.missed)"]
            )
        }
        logger.info("schedule fires", metadata: [LogKey.name: "\(schedule.name)", LogKey.count: "\(fired)"])
        return true
    }

    private var releasable: [String: (declaration: ScheduleDeclaration, version: Int, patience: Duration)] {
        manifest.schedules.mapValues { schedule in
            let job = manifest.jobs[schedule.job]
            return (schedule, job?.version ?? 1, (job?.timeout ?? .seconds(60)) + .seconds(10))
        }
    }
}
