import Testing

@testable import JobCore

@Suite struct `Durations in the manifest` {
    @Test(
        arguments: [
            ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("1h", 3_600_000), ("2d", 172_800_000), ("0s", 0),
            ("007s", 7000), ("9223372036854775807ms", Int64.max),
        ] as [(String, Int64)]
    )
    func `a number and a unit is a duration`(text: String, milliseconds: Int64) {
        #expect(Duration(manifest: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "5", "s", "ms", "5 m", " 5m", "5m ", "-5m", "+5m", "1.5h", "1h30m", "5M", "5min", "5µs", "٥m", "5m\0",
        "9223372036854775808ms", "106751991168d", "99999999999999999999999s",
    ])
    func `anything else is not`(text: String) {
        #expect(Duration(manifest: text) == nil)
    }

    @Test(arguments: ["250ms", "30s", "90s", "5m", "1h", "36h", "2d", "0s", "1500ms"])
    func `what is printed reads back`(text: String) throws {
        #expect(try #require(Duration(manifest: text)).manifestText == text)
    }

    @Test func `the largest unit that loses nothing is printed`() {
        #expect(Duration.seconds(7200).manifestText == "2h")
        #expect(Duration.seconds(90).manifestText == "90s")
    }
}
