import Testing

@testable import JobCore

@Suite("An alert's life")
struct AlertStepTests {
    private static func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: 1_000_000_000 + second * 1000) }

    private static let finding = AlertFinding(
        .lagHigh,
        ["queue": "mail", "lane": "normal"],
        severity: .critical,
        summary: "mail is late",
        cause: "nobody",
        command: "jobctl work"
    )

    private static let policy: AlertPolicy = {
        var policy = AlertPolicy()
        policy.levels = [
            AlertPolicy.Level(name: "on_call", after: .zero, receivers: ["a"]),
            AlertPolicy.Level(name: "lead", after: .seconds(900), receivers: ["b"]),
            AlertPolicy.Level(name: "manager", after: .seconds(1800), receivers: ["c"]),
        ]
        return policy
    }()

    private func step(
        _ record: AlertRecord?,
        _ second: Int64,
        isWrong: Bool = true,
        isSilenced: Bool = false,
        finding: AlertFinding = finding
    ) -> (record: AlertRecord?, notice: AlertNotice?) {
        AlertRecord.step(
            record,
            isWrong ? finding : nil,
            isSilenced: isSilenced,
            policy: AlertStepTests.policy,
            now: AlertStepTests.at(second)
        )
    }

    @Test func `is told at once, and only once`() {
        let first = step(nil, 0)
        #expect(first.notice?.levels == 0...0)
        #expect(first.record?.since == AlertStepTests.at(0))
        let second = step(first.record, 5)
        #expect(second.notice == nil)
        #expect(second.record?.lastSeen == AlertStepTests.at(5))
        #expect(second.record?.since == AlertStepTests.at(0))
    }

    @Test func `goes up level by level until somebody takes it`() {
        var record = step(nil, 0).record
        var told: [Int64: ClosedRange<Int>] = [:]
        for second in stride(from: Int64(5), through: 1000, by: 5) {
            let next = step(record, second)
            record = next.record
            if let notice = next.notice { told[second] = notice.levels }
        }
        #expect(told == [900: 1...1])
        record?.ackedAt = AlertStepTests.at(1001)
        let later = step(record, 5000)
        #expect(later.notice == nil)
        #expect(later.record?.level == 1)
    }

    @Test func `is over only after it has not been seen for a while, and everybody told hears of it`() {
        var record = step(step(nil, 0).record, 900).record
        let absent = step(record, 915, isWrong: false)
        #expect(absent.notice == nil)
        #expect(absent.record?.isFiring == true)
        record = step(absent.record, 920).record
        let over = step(record, 951, isWrong: false)
        #expect(over.record?.resolvedAt == AlertStepTests.at(951))
        #expect(over.notice?.levels == 0...1)
        #expect(over.notice?.isResolved == true)
        #expect(step(over.record, 1000, isWrong: false).notice == nil)
        let again = step(over.record, 1100)
        #expect(again.record?.since == AlertStepTests.at(1100))
        #expect(again.notice?.levels == 0...0)
    }

    @Test func `is told again by the next leader when nobody knows whether it was told`() throws {
        let cutOff = try #require(step(nil, 0).record).untold(nil)
        let next = step(cutOff, 5)
        #expect(next.notice?.levels == 0...0)
        #expect(next.record?.sentAt == AlertStepTests.at(5))
        // Nothing is wrong any more when the next leader looks: whoever may have been told hears that it is over.
        let over = step(cutOff, 60, isWrong: false)
        #expect(over.notice?.record.resolvedAt == AlertStepTests.at(60))
        #expect(try #require(over.record).untold(cutOff).isFiring)
    }

    @Test func `is told again while it goes on and nobody has taken it`() {
        let record = step(step(step(nil, 0).record, 900).record, 1800).record
        #expect(step(record, 1800 + 4 * 3600 - 5).notice == nil)
        #expect(step(record, 1800 + 4 * 3600).notice?.levels == 0...2)
    }

    @Test func `is kept to itself while it is silenced`() {
        let quiet = step(nil, 0, isSilenced: true)
        #expect(quiet.notice == nil)
        #expect(quiet.record?.isFiring == true)
        let over = step(quiet.record, 40, isWrong: false)
        #expect(over.record?.isFiring == false)
        #expect(over.notice == nil, "nobody had been told")
        #expect(step(quiet.record, 2000).notice?.levels == 0...2, "the silence is over, and it is late")
    }

    @Test func `stays with the first level when it is a warning`() {
        let warning = AlertFinding(.deadGrowing, severity: .warning, summary: "", cause: "", command: "")
        let first = step(nil, 0, finding: warning)
        #expect(first.notice?.levels == 0...0)
        #expect(step(first.record, 5000, finding: warning).notice == nil)
    }

    @Test(
        arguments: [
            ("lag_high", true), ("*", true), ("lag_high|queue=mail", true), ("lag_high|queue=sms", false),
            ("no_workers", false), ("*|lane=normal", true), ("", false),
        ]
    )
    func `is silenced by its name and labels`(pattern: String, matches: Bool) {
        let silence = AlertSilence(
            id: "1",
            pattern: pattern,
            until: AlertStepTests.at(0),
            createdBy: "ana",
            reason: nil
        )
        #expect(silence.matches(AlertStepTests.finding) == matches)
    }
}
