import JobCore
import Testing

@testable import Workers

@Suite("Which way a message goes, and when")
struct DeliveryPlanTests {
    private static func instant(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(milliseconds: 0) }

    private func plan(
        _ category: MessageCategory = MessageCategory("social"),
        _ change: (inout NotificationProfile) -> Void = { _ in },
        channels: [Channel] = [.push, .sms, .email],
        hasDevices: Bool = true,
        offered: Set<Channel> = [.push, .sms, .email],
        useful: String? = nil,
        at now: String = "2026-11-27T15:00:00Z"
    ) throws -> DeliveryPlan {
        var profile = NotificationProfile(userID: "42")
        profile.phone = "+5531999990000"
        profile.email = "ana@example.com"
        change(&profile)
        return DeliveryPlan.of(
            category,
            to: profile,
            channels: channels,
            hasDevices: hasDevices,
            offered: offered,
            zone: try ZoneFile.rules(profile.zone),
            usefulUntil: useful.map(Self.instant),
            now: Self.instant(now)
        )
    }

    @Test("the first channel that leads there, then the others")
    func order() throws {
        #expect(try plan() == .go(.push, then: [.sms, .email]))
        #expect(try plan(hasDevices: false) == .go(.sms, then: [.email]))
        #expect(try plan(MessageCategory("social"), { $0.phone = nil }, hasDevices: false) == .go(.email, then: []))
        #expect(
            try plan(MessageCategory("social"), { ($0.phone, $0.email) = (nil, nil) }, hasDevices: false)
                == .drop("no_contact")
        )
        #expect(try plan(channels: [.email, .push]) == .go(.email, then: [.push]))
        #expect(try plan(offered: [.email]) == .go(.email, then: []))
        #expect(try plan(offered: []) == .drop("no_template"))
    }

    @Test("wishes: a channel, a category, both, and categories that must be asked for")
    func wishes() throws {
        #expect(try plan(MessageCategory("social"), { $0.optOuts = ["push"] }) == .go(.sms, then: [.email]))
        #expect(try plan(MessageCategory("social"), { $0.optOuts = ["social"] }) == .drop("opted_out"))
        #expect(try plan(MessageCategory("social"), { $0.optOuts = ["push:social"] }) == .go(.sms, then: [.email]))
        #expect(
            try plan(MessageCategory("social"), { $0.optOuts = ["push:news"] }) == .go(.push, then: [.sms, .email])
        )
        var marketing = MessageCategory("marketing")
        marketing.needsOptIn = true
        #expect(try plan(marketing) == .drop("opted_out"))
        #expect(try plan(marketing, { $0.optIns = ["email:marketing"] }) == .go(.email, then: []))
        #expect(try plan(marketing, { $0.optIns = ["marketing"] }) == .go(.push, then: [.sms, .email]))
        #expect(
            try plan(marketing, { ($0.optIns, $0.optOuts) = (["marketing"], ["push"]) }) == .go(.sms, then: [.email])
        )
    }

    @Test(
        "quiet hours end in the person's own zone",
        arguments: [
            // São Paulo is at -03: 23:30 there, quiet until 08:00.
            ("America/Sao_Paulo", "22:00-08:00", "2026-11-28T02:30:00Z", "2026-11-28T11:00:00Z"),
            ("America/Sao_Paulo", "22:00-08:00", "2026-11-28T10:59:59Z", "2026-11-28T11:00:00Z"),
            ("America/Sao_Paulo", "22:00-08:00", "2026-11-28T11:00:00Z", nil),
            ("America/Manaus", "22:00-08:00", "2026-11-28T11:00:00Z", "2026-11-28T12:00:00Z"),
            ("America/Rio_Branco", "13:00-14:30", "2026-11-28T18:15:00Z", "2026-11-28T19:30:00Z"),
            // Midnight did not exist there on 2018-11-04: the quiet ends when the clock first shows 01:00.
            ("America/Sao_Paulo", "22:00-00:30", "2018-11-04T02:59:00Z", "2018-11-04T03:00:00Z"),
            // The evening's last hour comes twice on 2018-02-17.
            ("America/Sao_Paulo", "22:00-23:30", "2018-02-18T01:15:00Z", "2018-02-18T01:30:00Z"),
            ("Europe/Lisbon", "22:00-08:00", "2026-03-29T00:30:00Z", "2026-03-29T07:00:00Z"),
        ]
    )
    func quiet(zone: String, hours: String, now: String, end: String?) throws {
        let plan = try plan(
            MessageCategory("social"),
            { profile in
                profile.zone = zone
                profile.quiet = QuietHours(hours)
            },
            at: now
        )
        #expect(plan == end.map { .wait(until: Self.instant($0)) } ?? .go(.push, then: [.sms, .email]))
    }

    @Test("what is not useful after the night is dropped, and what is urgent goes at once")
    func useful() throws {
        let night = "2026-11-28T02:30:00Z"
        let quiet: (inout NotificationProfile) -> Void = { $0.quiet = QuietHours("22:00-08:00") }
        let social = MessageCategory("social")
        #expect(try plan(social, quiet, useful: "2026-11-28T06:00:00Z", at: night) == .drop("quiet_hours"))
        #expect(
            try plan(social, quiet, useful: "2026-11-28T18:00:00Z", at: night)
                == .wait(until: Self.instant("2026-11-28T11:00:00Z"))
        )
        #expect(try plan(social, useful: "2026-11-27T14:00:00Z") == .drop("too_late"))
        var security = MessageCategory("security")
        security.isUrgent = true
        #expect(try plan(security, quiet, at: night) == .go(.push, then: [.sms, .email]))
    }

    @Test(
        "hours that are none",
        arguments: ["22:00", "22:00-22:00", "24:00-08:00", "22:60-08:00", "8:00-9:00", "a-b", ""]
    )
    func badHours(text: String) { #expect(QuietHours(text) == nil) }

    @Test("the package's own categories are read, and mistakes are named")
    func categories() throws {
        let own = try MessageCategories(file: Desk.repository + "/jobs/preferences/categories.yaml")
        #expect(own["security"]?.isUrgent == true && own["marketing"]?.needsOptIn == true)
        for (yaml, word) in [
            ("a: { urgent: maybe }", "urgent"), ("a: { daily_cap: 0 }", "daily_cap"), ("a: { channels: [fax] }", "fax"),
            ("A: {}", "A"), ("[]", "mapping"), ("a: { colour: red }", "colour"),
        ] {
            do {
                _ = try MessageCategories(yaml: yaml, file: "f.yaml")
                Issue.record("\(yaml) was taken")
            } catch {
                #expect(error.description.contains(word))
            }
        }
    }
}
