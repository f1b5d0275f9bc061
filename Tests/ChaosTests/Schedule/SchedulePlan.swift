import Foundation
import JobCore

/// Twenty schedules over one week in which clocks change in two zones, and the file that makes the week short.
struct SchedulePlan: Sendable {
    /// São Paulo skipped its midnight on 4 November 2018, New York repeated an hour on the same day.
    static let origin = Timestamp(rfc3339: "2018-11-01T00:00:00Z") ?? Timestamp(milliseconds: 0)
    static let end = origin.advanced(by: .seconds(7 * 86_400))

    static let times: [(cron: String, zone: String)] = [
        ("0 * * * *", "America/Sao_Paulo"), ("30 * * * *", "America/New_York"), ("*/30 * * * *", "UTC"),
        ("15 */2 * * *", "America/Sao_Paulo"), ("0 0 * * *", "America/Sao_Paulo"), ("30 0 * * *", "America/Sao_Paulo"),
        ("30 1 * * *", "America/New_York"), ("30 2 * * *", "America/New_York"), ("0 2 * * *", "America/Sao_Paulo"),
        ("0 9 * * MON-FRI", "America/Sao_Paulo"), ("0 0 * * SUN", "America/Sao_Paulo"),
        ("0 6,18 * * *", "Europe/Lisbon"),
        ("59 23 * * *", "America/New_York"), ("0 12 5 11 *", "UTC"), ("0 3 * * SUN#1", "America/New_York"),
        ("45 */6 * * *", "Europe/Lisbon"), ("@hourly", "UTC"), ("@daily", "UTC"), ("10 4 1-7 * *", "America/Sao_Paulo"),
        ("0 0 4 */4 * *", "America/New_York"),
    ]

    let folder: String

    static func name(_ index: Int) -> String { "s\(index)" }

    /// The declarations with these schedules, and the clock. Probes have their effect once and leave it in the store.
    func write(speed: Int64, from checkout: String) throws -> [String: String] {
        let jobs = folder + "/jobs"
        try FileManager.default.copyItem(atPath: checkout + "/jobs", toPath: jobs)
        let system = jobs + "/system.yaml"
        let declared = try String(contentsOfFile: system, encoding: .utf8)
        try declared.replacing("    timeout: 30s\n", with: "    timeout: 30s\n    deduplicate: 7d\n")
            .write(toFile: system, atomically: true, encoding: .utf8)
        var text = "schedules:\n"
        for (index, time) in SchedulePlan.times.enumerated() {
            text += """
                  \(SchedulePlan.name(index)):
                    cron: "\(time.cron)"
                    zone: \(time.zone)
                    job: system.probe
                    payload: { record: true, note: "\(SchedulePlan.name(index)) {fire_at}" }
                    overlap: allow
                    catch_up: all
                    catch_up_max: 10000
                    catch_up_window: 31d

                """
        }
        try text.write(toFile: jobs + "/schedules.yaml", atomically: true, encoding: .utf8)
        let clock = folder + "/clock.json"
        // From the first process on: until then they read the same second.
        let started = Timestamp.now().advanced(by: .milliseconds(300))
        try """
        {"origin": "\(SchedulePlan.origin)", "started": "\(started)", "speed": \(speed)}
        """.write(toFile: clock, atomically: true, encoding: .utf8)
        return ["JOBS_DIR": jobs, "JOBS_TEST_CLOCK": clock, "JOBS_ALLOW_TEST_CLOCK": "1"]
    }

    /// No instant of the week is still to be looked at.
    static func isDecided(_ records: [String: ScheduleRecord]) throws -> Bool {
        for (index, time) in times.enumerated() {
            guard let record = records[name(index)] else { return false }
            let timetable = CronTimetable(try CronExpression(time.cron), zone: try ZoneFile.rules(time.zone))
            if let next = timetable.next(after: record.watermark), next <= end { return false }
        }
        return true
    }

    /// The notes that the week must leave, of schedules known since these instants.
    static func expected(since: [String: Timestamp]) throws -> Set<String> {
        var notes: Set<String> = []
        for (index, time) in times.enumerated() {
            let timetable = CronTimetable(try CronExpression(time.cron), zone: try ZoneFile.rules(time.zone))
            let start = since[name(index)] ?? origin
            for instant in timetable.instants(after: start, through: end, limit: 100_000) {
                notes.insert("\(name(index)) \(instant)")
            }
        }
        return notes
    }
}
