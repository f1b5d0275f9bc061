import JobCore
import Testing

@Suite("A schedule's turn")
struct ScheduleTurnTests {
    private static let start = Timestamp(milliseconds: 1_790_000_000_000 / 3_600_000 * 3_600_000)

    private func schedule(_ catchUp: ScheduleDeclaration.CatchUp, maximum: Int = 3) throws -> ScheduleDeclaration {
        let timetable = CronTimetable(try CronExpression("*/10 * * * *"), zone: .utc)
        var schedule = ScheduleDeclaration(
            name: "s",
            timetable: timetable,
            job: "system.probe",
            declaredAt: ManifestPlace(file: "test")
        )
        schedule.catchUp = catchUp
        schedule.catchUpMaximum = maximum
        schedule.catchUpWindow = .seconds(3600)
        return schedule
    }

    private func minutes(_ turn: ScheduleTurn) -> [Int64] {
        turn.fires.map { ($0.milliseconds - ScheduleTurnTests.start.milliseconds) / 60_000 }
    }

    @Test(
        "What passed unfired is caught up as declared",
        arguments: [
            // Now, in seconds after the last decided instant → fires (minutes), late ones, missed.
            (.none, 599, [], 0, 0), (.none, 600, [10], 0, 0), (.none, 655, [10], 0, 0), (.none, 1805, [30], 0, 2),
            (.none, 1700, [], 0, 2),
            (.last, 1805, [30], 0, 2), (.last, 1700, [20], 1, 1), (.last, 36_000, [600], 0, 59),
            (.all, 1700, [10, 20], 2, 0), (.all, 1805, [10, 20, 30], 2, 0),
            // The window is an hour, and three late ones at most.
            (.all, 7200 + 300, [100, 110, 120], 3, 9),
        ] as [(ScheduleDeclaration.CatchUp, Int, [Int64], Int, Int)]
    )
    func catchUp(
        policy: ScheduleDeclaration.CatchUp,
        seconds: Int,
        fires: [Int64],
        late: Int,
        missed: Int
    ) throws {
        let now = ScheduleTurnTests.start.advanced(by: .seconds(seconds))
        let turn = ScheduleTurn(try schedule(policy), after: ScheduleTurnTests.start, now: now)
        #expect(minutes(turn) == fires)
        #expect(turn.lateCount == late)
        #expect(turn.missed == missed)
        #expect(turn.watermark == now)
    }

    @Test("More than one turn holds goes on in the next, and none comes twice")
    func slices() throws {
        let timetable = CronTimetable(try CronExpression("* * * * * *"), zone: .utc)
        let place = ManifestPlace(file: "test")
        var schedule = ScheduleDeclaration(name: "s", timetable: timetable, job: "system.probe", declaredAt: place)
        schedule.catchUp = .all
        schedule.catchUpMaximum = 10_000
        let now = ScheduleTurnTests.start.advanced(by: .seconds(1800))
        var (watermark, seen, turns) = (ScheduleTurnTests.start, [Timestamp](), 0)
        while watermark < now {
            let turn = ScheduleTurn(schedule, after: watermark, now: now)
            seen += turn.fires
            watermark = turn.watermark
            turns += 1
        }
        #expect(seen.count == 1800)
        #expect(Set(seen).count == 1800)
        #expect(turns == 4)
    }

    @Test("A payload says when it was fired, in the schedule's zone")
    func payload() throws {
        let zone = try ZoneFile.rules("America/Sao_Paulo")
        let timetable = CronTimetable(try CronExpression("0 2 * * *"), zone: zone)
        let place = ManifestPlace(file: "test")
        var schedule = ScheduleDeclaration(name: "s", timetable: timetable, job: "system.probe", declaredAt: place)
        schedule.payload = Array(#"{"at":"{fire_at}","day":"{previous_date}","today":"{fire_date}"}"#.utf8)
        let instant = try #require(Timestamp(rfc3339: "2026-11-26T05:00:00Z"))
        let text = String(decoding: schedule.payload(at: instant), as: UTF8.self)
        #expect(text == #"{"at":"2026-11-26T05:00:00.000Z","day":"2026-11-25","today":"2026-11-26"}"#)
    }

    @Test("Jitter is a part of its bound, and always the same for an instant")
    func jitter() throws {
        var schedule = try schedule(.last)
        schedule.jitter = .seconds(60)
        let instants = schedule.timetable.instants(after: ScheduleTurnTests.start, through: .latest, limit: 200)
        let delays = instants.map { schedule.dueAt($0).duration(since: $0) }
        #expect(delays == instants.map { schedule.dueAt($0).duration(since: $0) })
        #expect(delays.allSatisfy { $0 >= .zero && $0 < .seconds(60) })
        #expect(Set(delays).count > 100)
    }
}
