import Foundation
import JobCore
import Testing

@testable import Workers

@Suite("Devices, wishes and what goes")
struct ContactTests {
    @Test("an older registration does not take a token back", arguments: Desk.Profile.underTest)
    func order(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            func register(_ user: String, at milliseconds: Int64) async throws {
                let context = desk.context(DeviceUpdate.self, enqueuedAt: Timestamp(milliseconds: milliseconds))
                let job = DeviceUpdate(userID: user, platform: .apns, token: "aaaaaaaa")
                #expect(try await DeviceUpdateWorker().perform(job, context) == .done)
            }
            func owner(_ user: String) async throws -> Int {
                try await desk.write { session throws(StoreError) in try session.devices(of: user).count }
            }
            try await register("new", at: 2000)
            try await register("old", at: 1000)
            #expect(try await owner("new") == 1)
            #expect(try await owner("old") == 0)
            var removal = DeviceUpdate(userID: "new", platform: .apns, token: "aaaaaaaa")
            removal.action = .remove
            let early = desk.context(DeviceUpdate.self, enqueuedAt: Timestamp(milliseconds: 1500))
            _ = try await DeviceUpdateWorker().perform(removal, early)
            #expect(try await owner("new") == 1)
            let late = desk.context(DeviceUpdate.self, enqueuedAt: Timestamp(milliseconds: 2500))
            _ = try await DeviceUpdateWorker().perform(removal, late)
            #expect(try await owner("new") == 0)
        }
    }

    @Test("the newest wishes count, and bad ones name their field", arguments: Desk.Profile.underTest)
    func wishes(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            func keep(_ job: ProfileUpdate, at milliseconds: Int64) async throws {
                let context = desk.context(ProfileUpdate.self, enqueuedAt: Timestamp(milliseconds: milliseconds))
                _ = try await ProfileUpdateWorker().perform(job, context)
            }
            try await keep(
                ProfileUpdate(userID: "42", zone: "America/Manaus", quietHours: "22:00-08:00", optOuts: ["sms"]),
                at: 2000
            )
            try await keep(ProfileUpdate(userID: "42"), at: 1000)
            let kept = try await desk.write { session throws(StoreError) in try session.profile(of: "42") }
            #expect(
                kept?.zone == "America/Manaus" && kept?.optOuts == ["sms"] && kept?.quiet == QuietHours("22:00-08:00")
            )
            for (job, field) in [
                (ProfileUpdate(userID: "42", zone: "Brasil"), "zone"),
                (ProfileUpdate(userID: "42", phone: "31 9"), "phone"),
                (ProfileUpdate(userID: "42", email: "a@"), "email"), (ProfileUpdate(userID: ""), "user_id"),
                (ProfileUpdate(userID: "42", quietHours: "late"), "quiet_hours"),
                (ProfileUpdate(userID: "42", optOuts: ["fax:social"]), "opt_outs"),
            ] {
                do throws(JobError) {
                    _ = try job.profile()
                    Issue.record("\(field) was taken")
                } catch {
                    #expect(error.message.contains(field) && error.disposition == .dead)
                }
            }
        }
    }

    @Test("a person who is erased leaves nothing but the wish to be left alone", arguments: Desk.Profile.underTest)
    func erased(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            try await desk.write { session throws(StoreError) in
                for user in ["42", "43"] {
                    var profile = NotificationProfile(userID: user)
                    profile.email = "\(user)@example.com"
                    try session.keep([profile], changedAt: .now())
                    try session.register([(user, Device(.apns, "aaaaaa\(user)", registeredAt: .now()))])
                    try session.keep(
                        [MessageRecord("apns:aaaaaa\(user)", .push, userID: user, provider: "apns", .sent)],
                        of: JobID()
                    )
                    _ = try session.takeCap("user:\(user)", "social", cap: 5, day: "2026-11-27", for: JobID())
                }
                try session.suppress([Suppression(.email, "42@example.com", .unsubscribe)])
            }
            let subject = try #require(Subject("user_id=42"))
            let found = try await desk.store.erase([.notifications], subject, changes: false)
            #expect(found.map(\.rows) == [4])
            #expect(try await desk.store.erase([.notifications], subject, changes: true).map(\.rows) == [4])
            #expect(try await desk.store.erase([.notifications], subject, changes: false).map(\.rows) == [0])
            let left = try await desk.write { session throws(StoreError) in
                (try session.profile(of: "43"), try session.suppression(.email, "42@example.com"))
            }
            #expect(left.0 != nil && left.1 == .unsubscribe)
            // A device's token, as it stands in devices and results.
            let token = try #require(Subject("aaaaaa43"))
            #expect(try await desk.store.erase([.notifications], token, changes: true).map(\.rows) == [2])
            let address = try #require(Subject("43@example.com"))
            #expect(try await desk.store.erase([.notifications], address, changes: true).map(\.rows) == [1])
        }
    }

    @Test("old results go, slice by slice", arguments: Desk.Profile.underTest)
    func tidy(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            try await desk.write { session throws(StoreError) in
                for index in 0..<5 {
                    try session.keep([MessageRecord("apns:\(index)", .push, provider: "apns", .sent)], of: JobID())
                }
                try session.execute(
                    "update notification_messages set at_ms = at_ms - 2678400000 where recipient < 'apns:3'"
                )
            }
            #expect(
                try await TidyNotificationsWorker().perform(TidyNotifications(), desk.context(TidyNotifications.self))
                    == .done
            )
            let left = try await desk.write { session throws(StoreError) in
                Int(try session.query("select count(*) as rows from notification_messages")[0].int("rows"))
            }
            #expect(left == 2)
        }
    }
}
