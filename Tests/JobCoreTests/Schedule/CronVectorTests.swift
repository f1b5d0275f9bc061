import Foundation
import JobCore
import Testing

/// Tables of other projects, where they are at hand: `JOBS_TEST_DATA` names the folder that holds `vectors/`.
@Suite("Cron against the tables of others", .enabled(if: Vectors.directory != nil))
struct CronVectorTests {
    /// Where we differ on purpose. The other cron drops a tick that the wall skips and fires one that it repeats twice
    /// (docs/decisions/0023).
    private static let deliberate: [String: String] = [
        "0 30 2 11 Mar ?|2012-03-11T00:00:00-0500": "2012-03-11T07:00:00.000Z",
        "0 0 2 * * ?|2012-03-11T00:00:00-0500": "2012-03-11T07:00:00.000Z",
        "0 30 1 04 Nov ?|2012-11-04T01:45:00-0400": "2013-11-04T06:30:00.000Z",
        "0 0 * * * ?|2012-11-04T01:00:00-0400": "2012-11-04T07:00:00.000Z",
        "0 0 1 * * ?|2012-11-04T01:00:00-0400": "2012-11-05T06:00:00.000Z",
    ]

    @Test("Every vector of robfig/cron, but for the listed differences")
    func robfig() throws {
        let lines = try Vectors.lines("cron_robfig.jsonl")
        var compared = 0
        var differences: Set<String> = []
        for line in lines {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            guard let spec = object["spec"] as? String else { continue }
            let (zoneInSpec, expression) = Vectors.split(spec, prefixes: ["TZ=", "CRON_TZ="])
            if object["error"] != nil {
                compared += 1
                #expect(throws: (any Error).self, "\(spec)") {
                    let zone = try ZoneFile.rules(zoneInSpec ?? "UTC")
                    return CronTimetable(try CronExpression(expression), zone: zone)
                }
                continue
            }
            guard let startText = object["start"] as? String else { continue }
            let (zoneInStart, start) = Vectors.split(startText, prefixes: ["TZ="])
            // Its last table takes the zone from the start, which is India's.
            let zoneOfStart = start.hasSuffix("+0530") ? "Asia/Kolkata" : zoneInStart
            let zone = try ZoneFile.rules(zoneInSpec ?? zoneOfStart ?? "UTC")
            let timetable = CronTimetable(try CronExpression(expression), zone: zone)
            let instant = try #require(Vectors.instant(start), "\(start)")
            compared += 1
            if let expected = object["expected"] as? Bool {
                let fires = timetable.next(after: Timestamp(milliseconds: instant.milliseconds - 1)) == instant
                #expect(fires == expected, "\(spec) at \(start)")
            } else if let expected = object["expected"] as? String {
                let next = timetable.next(after: instant)
                if let ours = CronVectorTests.deliberate["\(expression)|\(start)"] {
                    differences.insert("\(expression)|\(start)")
                    #expect(next?.description == ours, "\(spec) after \(startText)")
                } else {
                    #expect(next == Vectors.instant(expected), "\(spec) after \(startText)")
                }
            }
        }
        #expect(compared >= 90)
        #expect(differences == Set(CronVectorTests.deliberate.keys))
    }

    @Test("Every transition that zdump prints")
    func transitions() throws {
        let lines = try Vectors.lines("tz_transitions.csv").dropFirst()
        var rules: [String: TimeZoneRules] = [:]
        for line in lines {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            let zone = try rules[fields[0]] ?? ZoneFile.rules(fields[0])
            rules[fields[0]] = zone
            let at = try #require(Vectors.calendar(fields[1])).seconds
            let wall = try #require(Vectors.calendar(fields[2]))
            #expect(zone.civil(at: at) == wall, "\(line)")
            #expect(zone.civil(at: at).seconds - at == Int64(fields[5]), "\(line)")
        }
        #expect(lines.count > 200)
    }
}

private enum Vectors {
    static let directory: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["JOBS_TEST_DATA"] ?? root.appending(path: "shared/data").path
        return FileManager.default.fileExists(atPath: "\(named)/vectors/cron_robfig.jsonl") ? "\(named)/vectors" : nil
    }()

    static func lines(_ file: String) throws -> [String] {
        let text = try String(contentsOfFile: "\(directory ?? "")/\(file)", encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }

    static func split(_ text: String, prefixes: [String]) -> (zone: String?, rest: String) {
        for prefix in prefixes where text.hasPrefix(prefix) {
            let parts = text.dropFirst(prefix.count).split(separator: " ", maxSplits: 1)
            return (parts.first.map(String.init), parts.dropFirst().first.map(String.init) ?? "")
        }
        return (nil, text)
    }

    /// `2012-11-04T00:00:00-0400` or `Mon Jul 9 14:59:59 2012`; nil for an empty text.
    static func instant(_ text: String) -> Timestamp? {
        if text.first?.isNumber == true {
            let colon = text.index(text.endIndex, offsetBy: -2)
            return Timestamp(rfc3339: "\(text[..<colon]):\(text[colon...])")
        }
        return calendar(text).map { Timestamp(milliseconds: $0.seconds * 1000) }
    }

    /// The weekday is not looked at: some of the tables have it wrong.
    static func calendar(_ text: String) -> CivilTime? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 5, let month = months.firstIndex(of: parts[1]), let day = Int(parts[2]),
            let year = Int(parts[4])
        else { return nil }
        let clock = parts[3].split(separator: ":").compactMap { Int($0) }
        guard clock.count >= 2 else { return nil }
        return CivilTime(
            day: CivilDay(year: year, month: month + 1, day: day),
            hour: clock[0],
            minute: clock[1],
            second: clock.count > 2 ? clock[2] : 0
        )
    }
}
