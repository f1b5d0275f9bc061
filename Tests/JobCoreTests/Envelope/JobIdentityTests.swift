import Foundation
import Testing

@testable import JobCore

@Suite struct `Job ids, names and instants` {
    @Test func `an id is a UUID of version 7 that carries its birth`() throws {
        let birth = Timestamp(milliseconds: 1_700_000_000_123)
        let text = JobID(at: birth).description
        let uuid = try #require(UUID(uuidString: text)).uuid
        #expect(uuid.6 >> 4 == 7)
        #expect(uuid.8 >> 6 == 0b10)
        #expect(Int64(text.filter { $0 != "-" }.prefix(12), radix: 16) == birth.milliseconds)
        #expect(JobID(text)?.description == text)
        #expect(JobID(text.uppercased())?.description == text)
    }

    @Test(arguments: [Int64.min, -1, 0, Int64.max])
    func `no instant traps an id`(milliseconds: Int64) {
        let id = JobID(at: Timestamp(milliseconds: milliseconds))
        #expect(JobID(id.description) == id)
    }

    @Test(arguments: [
        "", "0", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000000",
        "0000000000000000000000000000000000000", "00000000_0000_0000_0000_000000000000",
        "{0000000-0000-0000-0000-000000000000}", "0000000g-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-0000000000é",
    ])
    func `what is no UUID is no id`(text: String) {
        #expect(JobID(text) == nil)
    }

    @Test(arguments: ["a.b", "notification.email", "a.b.c.d.e.f", "0.0", "high.low", "a.b_", "bulk.high.x"])
    func `names are two to six words`(text: String) {
        #expect(JobName(text)?.rawValue == text)
    }

    @Test(arguments: [
        "", "a", ".", "a.", ".a", "a..b", "a.b.c.d.e.f.g", "A.b", "a.b\n", "a-b.c", "a.é", "a.high", "a.b.normal",
        "a.bulk",
    ])
    func `anything else is no name`(text: String) {
        #expect(JobName(text) == nil)
    }

    @Test func `a name has at most 100 bytes`() {
        #expect(JobName("a." + String(repeating: "b", count: 98)) != nil)
        #expect(JobName("a." + String(repeating: "b", count: 99)) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (1_795_375_800_007, "2026-11-22T19:30:00.007Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func `instants print as RFC 3339 and read back`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(
        arguments: [
            ("2026-11-22T19:30:00Z", 1_795_375_800_000), ("2026-11-22T16:30:00-03:00", 1_795_375_800_000),
            ("2026-11-22T16:30:00.250-03:00", 1_795_375_800_250), ("2026-11-22T19:30:00.5Z", 1_795_375_800_500),
            ("2026-11-22T19:30:00.123456Z", 1_795_375_800_123), ("2026-11-22t19:30:00z", 1_795_375_800_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("2000-02-29T23:59:59Z", 951_868_799_000),
            ("1969-12-31T23:59:59.999Z", -1), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("2026-11-22T19:30:00+23:59", 1_795_289_460_000),
        ] as [(String, Int64)]
    )
    func `instants are read with offsets and fractions`(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "now", "2026-11-22", "2026-13-22T19:30:00Z", "2026-11-22T19:30:00", "2026-11-22T25:30:00Z",
        "2026-11-22T19:30:00Z2", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-11-22T19:30:00.Z",
        "2026-11-22T19:30:61Z", "2026-00-01T00:00:00Z", "2026-11-22T19:30:00+0300", "２026-11-22T19:30:00Z",
    ])
    func `what is no instant is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `days all over eight centuries read back`() {
        for day in stride(from: Int64(-135_140), through: 146_097, by: 37) {
            let instant = Timestamp(milliseconds: day * 86_400_000 + 43_200_001)
            if Timestamp(rfc3339: instant.description) != instant { Issue.record("\(instant) reads otherwise") }
        }
    }

    @Test func `no arithmetic on instants overflows`() {
        let ends = [Int64.min, -1, 0, 1, Int64.max].map(Timestamp.init(milliseconds:))
        let spans: [Duration] = [.seconds(Int64.min), .seconds(Int64.max), .zero, .milliseconds(Int64.min)]
        for left in ends {
            for span in spans {
                let moved = left.advanced(by: span)
                #expect(span < .zero ? moved <= left : moved >= left)
            }
            for right in ends {
                #expect((left.duration(since: right) > .zero) == (left > right))
            }
            #expect(left.description.hasSuffix("Z"))
        }
    }
}
