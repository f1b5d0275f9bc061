import JobCore
import Testing

@testable import Workers

@Suite("One message to one person")
struct SendWorkerTests {
    private func worker(at now: String = "2026-11-27T15:00:00Z") throws -> SendNotificationWorker {
        let instant = Timestamp(rfc3339: now) ?? Timestamp(milliseconds: 0)
        return SendNotificationWorker(book: try MessageBook(folder: Desk.repository + "/jobs", environment: [:])) {
            instant
        }
    }

    private func settle(_ desk: Desk, devices: Int = 1, _ change: (inout NotificationProfile) -> Void = { _ in })
        async throws
    {
        var profile = NotificationProfile(userID: "42")
        profile.phone = "+5531999990000"
        profile.email = "ana@example.com"
        change(&profile)
        let kept = profile
        try await desk.write { session throws(StoreError) in
            try session.keep([kept], changedAt: .now())
            try session.register(
                (0..<devices).map { ("42", Device(.apns, "aaaaaaa\($0)", registeredAt: .now())) }
            )
        }
    }

    private let job = SendNotification(
        userID: "42",
        template: "friends_nearby",
        variables: ["name": "Ana", "venue": "Aurora"],
        category: "social"
    )

    @Test("hands over to the channel's job, with the same id however often it runs", arguments: Desk.Profile.underTest)
    func handOver(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            try await settle(desk)
            let (worker, id) = (try worker(), JobID())
            for attempt in 1...2 {
                let context = desk.context(SendNotification.self, id: id, attempt: attempt)
                #expect(try await worker.perform(job, context) == .done)
            }
            let pushes = try desk.broker.published(PushNotification.self)
            #expect(pushes.count == 2 && Set(pushes.map(\.id)).count == 1)
            #expect(pushes[0].job.fallback == [] && pushes[0].job.category == "social")
            var code = SendNotification(userID: "42", template: "login_code", variables: ["code": "123456"])
            code.category = "security"
            #expect(try await worker.perform(code, desk.context(SendNotification.self)) == .done)
            let urgent = try #require(try desk.broker.published(PushNotification.self).last)
            #expect(urgent.lane == ".high" && urgent.job.fallback == [.sms])
        }
    }

    @Test("the cap of a day holds, in the person's own day, and a job uses it once", arguments: Desk.Profile.underTest)
    func cap(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            try await settle(desk) { $0.optIns = ["marketing"] }
            var news = SendNotification(userID: "42", template: "news", variables: ["title": "t", "text": "x"])
            news.category = "marketing"
            let (morning, id) = (try worker(), JobID())
            for attempt in 1...2 {
                _ = try await morning.perform(news, desk.context(SendNotification.self, id: id, attempt: attempt))
            }
            let second = desk.context(SendNotification.self)
            #expect(try await morning.perform(news, second) == .done)
            #expect(Set(try desk.broker.published(PushNotification.self).map(\.id)).count == 1)
            #expect(try await desk.messages(of: second.id).map(\.error) == ["capped"])
            // 01:00 UTC on the 28th is still the 27th in São Paulo; 04:00 is not.
            _ = try await worker(at: "2026-11-28T01:00:00Z").perform(news, desk.context(SendNotification.self))
            #expect(Set(try desk.broker.published(PushNotification.self).map(\.id)).count == 1)
            _ = try await worker(at: "2026-11-28T04:00:00Z").perform(news, desk.context(SendNotification.self))
            #expect(Set(try desk.broker.published(PushNotification.self).map(\.id)).count == 2)
        }
    }

    @Test("what is not sent says why", arguments: [("no_contact", "friends_nearby"), ("opted_out", "friends_nearby")])
    func dropped(reason: String, template: String) async throws {
        try await Desk.with(.embedded) { desk in
            if reason == "opted_out" { try await settle(desk) { $0.optOuts = ["social"] } }
            let context = desk.context(SendNotification.self)
            #expect(try await worker().perform(job, context) == .done)
            #expect(try await desk.messages(of: context.id).map(\.error) == [reason])
            #expect(try desk.broker.published(PushNotification.self).isEmpty)
        }
    }

    @Test("in quiet hours it waits until they end, at no cost")
    func quiet() async throws {
        try await Desk.with(.embedded) { desk in
            try await settle(desk) { $0.quiet = QuietHours("22:00-08:00") }
            let outcome = try await worker(at: "2026-11-28T02:30:00Z").perform(job, desk.context(SendNotification.self))
            #expect(outcome == .snooze(until: Timestamp(rfc3339: "2026-11-28T11:00:00Z") ?? Timestamp(milliseconds: 0)))
        }
    }

    @Test("three friends make one push", arguments: Desk.Profile.underTest)
    func digest(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            try await settle(desk)
            let worker = try worker()
            for name in ["Ana", "Bia", "Caio"] {
                var job = job
                job.variables["name"] = .text(name)
                job.digest = .init(key: "friends_nearby", waitSeconds: 5)
                let context = desk.context(SendNotification.self)
                #expect(try await worker.perform(job, context) == .done)
                // Again, as after a crash: it counts once.
                #expect(try await worker.perform(job, context) == .done)
            }
            let waiting = try await desk.write { session throws(StoreError) in
                Int(try session.query("select count(*) as rows from waiting")[0].int("rows"))
            }
            #expect(waiting == 1)
            let summary = DigestNotification(
                userID: "42",
                key: "friends_nearby",
                template: "friends_nearby",
                category: "social"
            )
            let id = JobID()
            for attempt in 1...2 {
                let context = desk.context(DigestNotification.self, id: id, attempt: attempt)
                #expect(try await DigestNotificationWorker().perform(summary, context) == .done)
            }
            let sends = try desk.broker.published(SendNotification.self)
            #expect(sends.count == 1)
            #expect(sends[0].job.variables["count"] == 3 && sends[0].job.variables["others"] == 2)
            _ = try await worker.perform(sends[0].job, desk.context(SendNotification.self))
            let push = try #require(try desk.broker.published(PushNotification.self).last).job
            let text = try PushNotificationWorker.templates(folder: Desk.repository + "/jobs/templates/push")
                .render(push.template, locale: "pt-BR", values: push.variables.mapValues(\.text))
            #expect(text["body"] == "Caio e mais 2 estão em Aurora")
        }
    }
}
