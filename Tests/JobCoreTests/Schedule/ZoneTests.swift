import Foundation
import JobCore
import Testing

@Suite("Time zones")
struct ZoneTests {
    /// Foundation has a table of its own. Its years after 2019 may be of another version than the system's.
    @Test(
        "Offsets equal those of another implementation",
        arguments: [
            "America/Sao_Paulo", "America/New_York", "Europe/Lisbon", "Australia/Lord_Howe", "Pacific/Apia",
            "Asia/Kathmandu", "America/Bahia", "Europe/Dublin", "Africa/Casablanca",
        ]
    )
    func offsets(name: String) throws {
        let rules = try ZoneFile.rules(name)
        let other = try #require(TimeZone(identifier: name))
        var random = SplitMix(state: 7)
        for _ in 0..<500 {
            let at = Int64(random.next() % 883_000_000) + 662_688_000
            let expected = other.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(at)))
            #expect(rules.civil(at: at).seconds - at == Int64(expected), "\(name) at \(at)")
        }
    }

    @Test("The rule at the file's end reaches years that it does not list")
    func future() throws {
        let rules = try ZoneFile.rules("America/New_York")
        let summer = try #require(Timestamp(rfc3339: "2090-07-01T12:00:00Z")).milliseconds / 1000
        let winter = try #require(Timestamp(rfc3339: "2090-12-01T12:00:00Z")).milliseconds / 1000
        #expect(rules.civil(at: summer).seconds - summer == -4 * 3600)
        #expect(rules.civil(at: winter).seconds - winter == -5 * 3600)
    }

    @Test("A reading that exists is shown at its instant", arguments: ["America/Sao_Paulo", "Europe/Lisbon", "UTC"])
    func roundTrip(name: String) throws {
        let rules = try ZoneFile.rules(name)
        var random = SplitMix(state: 11)
        for _ in 0..<500 {
            let at = Int64(random.next() % 2_000_000_000)
            let back = rules.instant(of: rules.civil(at: at))
            // Within a repeated hour the first showing is meant.
            #expect(back == at || back < at && rules.civil(at: back) == rules.civil(at: at))
        }
    }

    @Test(
        "A name that is no zone is refused before it is a path",
        arguments: ["Nowhere/Land", "../../etc/passwd", "", "/etc/localtime", "America/", "America/Sao Paulo"]
    )
    func unknown(name: String) {
        #expect(throws: ZoneFile.Failure.unknown(name)) { try ZoneFile.rules(name) }
    }

    @Test("The calendar counts every day once")
    func calendar() {
        var day = CivilDay(year: 1899, month: 12, day: 31)
        var wrong: [String] = []
        for year in 1900...2105 {
            for month in 1...12 {
                for number in 1...CivilDay.length(ofMonth: month, year: year) {
                    day = day.advanced(by: 1)
                    guard day.calendar == (year, month, number), CivilDay(year: year, month: month, day: number) == day
                    else {
                        wrong.append("\(year)-\(month)-\(number)")
                        continue
                    }
                }
            }
        }
        #expect(wrong.isEmpty)
        #expect(CivilDay(year: 2026, month: 11, day: 26).weekday == 4)
        #expect(CivilDay("2026-02-29") == nil)
        #expect(CivilDay("2028-02-29")?.description == "2028-02-29")
    }
}
