import Foundation
import JobCore
import Testing

@Suite("Cron")
struct CronTests {
    @Test(
        "An expression fires when its fields say so",
        arguments: [
            ("*/15 * * * *", "2026-11-26T10:00:00Z", "2026-11-26T10:15:00Z"),
            ("5/20 * * * *", "2026-11-26T10:26:00Z", "2026-11-26T10:45:00Z"),
            ("30 2 * * MON-FRI", "2026-11-27T02:30:00Z", "2026-11-30T02:30:00Z"),
            ("0 0 L * *", "2028-02-03T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 L-3 * *", "2026-02-01T00:00:00Z", "2026-02-25T00:00:00Z"),
            ("0 9 * * 5L", "2026-11-01T00:00:00Z", "2026-11-27T09:00:00Z"),
            ("0 9 * * TUE#1", "2026-11-26T00:00:00Z", "2026-12-01T09:00:00Z"),
            ("0 9 * * 7", "2026-11-26T00:00:00Z", "2026-11-29T09:00:00Z"),
            ("0 0 1,15 * SUN", "2026-11-26T00:00:00Z", "2026-11-29T00:00:00Z"),
            ("0 0 29 2 *", "2026-11-26T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("10-50/20 * * * * *", "2026-11-26T10:00:11Z", "2026-11-26T10:00:30Z"),
            ("@daily", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"),
            ("@weekly", "2026-11-26T00:00:00Z", "2026-11-29T00:00:00Z"),
            ("0 0 * * SUN-6", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"),
        ]
    )
    func fires(expression: String, after: String, expected: String) throws {
        let timetable = CronTimetable(try CronExpression(expression), zone: .utc)
        let start = try #require(Timestamp(rfc3339: after))
        #expect(timetable.next(after: start) == Timestamp(rfc3339: expected))
    }

    @Test("A day that no year has never comes", arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *"])
    func never(expression: String) throws {
        let timetable = CronTimetable(try CronExpression(expression), zone: .utc)
        #expect(timetable.next(after: Timestamp(milliseconds: 1_800_000_000_000)) == nil)
    }

    @Test(
        "What cannot be meant is refused with the field it is about",
        arguments: [
            ("* * * *", nil), ("60 * * * *", "minute"), ("* 24 * * *", "hour"), ("* * 0 * *", "day of month"),
            ("* * * 13 *", "month"), ("* * * FOO *", "month"), ("* * * * 8", "day of week"),
            ("*/0 * * * *", "minute"), ("10-5 * * * *", "minute"), ("1,,2 * * * *", "minute"),
            ("* * * * 2#6", "day of week"), ("* * L-31 * *", "day of month"), ("* * * * L", "day of week"),
            ("@every 5m", nil), ("@noon", nil), ("-5 * * * *", "minute"), ("*/-5 * * * *", "minute"),
            ("99999999999999999999 * * * *", "minute"), ("* * LW * *", "day of month"), ("", nil),
        ] as [(String, String?)]
    )
    func refuses(expression: String, field: String?) {
        let error = #expect(throws: CronError.self) { try CronExpression(expression) }
        #expect(error?.field == field)
    }

    @Test(
        "A skipped tick comes once after the gap, a repeated one the first time",
        arguments: [
            (
                "30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z",
                ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]
            ),
            (
                "*/20 2 * * *", "America/New_York", "2026-03-08T00:00:00-05:00",
                ["2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"]
            ),
            (
                "*/30 * * * *", "America/New_York", "2026-03-08T01:15:00-05:00",
                ["2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z", "2026-03-08T07:30:00Z"]
            ),
            (
                "30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z",
                ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
            ),
            (
                "*/30 * * * *", "America/New_York", "2026-11-01T05:10:00Z",
                ["2026-11-01T05:30:00Z", "2026-11-01T07:00:00Z"]
            ),
            // Midnight itself was skipped and 23:00 repeated where clocks changed at midnight.
            (
                "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z",
                ["2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"]
            ),
            (
                "30 23 * * *", "America/Sao_Paulo", "2018-02-17T12:00:00Z",
                ["2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z"]
            ),
            ("0 2 * * *", "America/Sao_Paulo", "2026-11-26T12:00:00Z", ["2026-11-27T05:00:00Z"]),
            // A whole day was skipped.
            ("0 12 * * *", "Pacific/Apia", "2011-12-29T22:00:00Z", ["2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"]),
            ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", ["2026-10-03T15:30:00Z"]),
        ]
    )
    func daylight(expression: String, zone: String, after: String, expected: [String]) throws {
        let timetable = CronTimetable(try CronExpression(expression), zone: try ZoneFile.rules(zone))
        let start = try #require(Timestamp(rfc3339: after))
        let found = timetable.instants(
            after: start,
            through: start.advanced(by: .seconds(10 * 86_400)),
            limit: expected.count
        )
        #expect(found.map(\.description) == expected.map { $0.replacingOccurrences(of: "00Z", with: "00.000Z") })
    }

    /// Minute by minute, with nothing but the matching of a reading and the zone's own answer.
    @Test(
        "Instants equal those found by looking at every minute",
        arguments: ["America/New_York", "America/Sao_Paulo", "Europe/Lisbon", "Australia/Lord_Howe", "UTC"]
    )
    func bruteForce(zone name: String) throws {
        let zone = try ZoneFile.rules(name)
        var random = SplitMix(state: UInt64(name.utf8.count))
        for _ in 0..<10 {
            let text = random.expression()
            let expression = try CronExpression(text)
            let start = 1_330_000_000 / 60 * 60 + Int64(random.next() % 200_000_000) / 60 * 60
            let length: Int64 = 20 * 86_400
            var expected: Set<Int64> = []
            var highest = zone.civil(at: start - 3 * 86_400)
            var at = start - 3 * 86_400 + 60
            while at <= start + length {
                let wall = zone.civil(at: at)
                if wall > highest {
                    var skipped = CivilTime(seconds: highest.seconds + 60)
                    while skipped <= wall {
                        if expression.next(after: CivilTime(seconds: skipped.seconds - 1)) == skipped {
                            expected.insert(at)
                        }
                        skipped.seconds += 60
                    }
                    highest = wall
                }
                at += 60
            }
            let timetable = CronTimetable(expression, zone: zone)
            let found = timetable.instants(
                after: Timestamp(milliseconds: start * 1000),
                through: Timestamp(milliseconds: (start + length) * 1000),
                limit: .max
            )
            let wanted = expected.filter { $0 > start }.sorted()
            #expect(found.map { $0.milliseconds / 1000 } == wanted, "\(text) in \(name) from \(start)")
        }
    }
}

/// Repeatable random numbers (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    fileprivate mutating func expression() -> String {
        func pick(_ choices: [String]) -> String { choices[Int(next() % UInt64(choices.count))] }
        return [
            pick(["*", "*/7", "0", "30", "15,45", "\(next() % 60)"]),
            pick(["*", "*/2", "1", "2", "23", "0", "1-3"]),
            pick(["*", "*", "1", "L", "*/5", "10-20"]),
            pick(["*", "*", "*", "FEB,MAR,OCT,NOV"]),
            pick(["*", "*", "SUN", "MON-FRI", "0#1", "6L"]),
        ]
        .joined(separator: " ")
    }
}
