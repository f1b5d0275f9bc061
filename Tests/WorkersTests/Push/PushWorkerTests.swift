import JobCore
import Synchronization
import Testing

@testable import Workers

@Suite("Pushes to all devices of a person")
struct PushWorkerTests {
    private func worker(_ providers: [Device.Platform: any PushProvider]) throws -> PushNotificationWorker {
        PushNotificationWorker(
            templates: try PushNotificationWorker.templates(folder: Desk.repository + "/jobs/templates/push"),
            outbound: PushOutbound(providers: providers)
        )
    }

    private let job = PushNotification(
        userID: "42",
        template: "checkin_receipt",
        variables: ["name": "Ana", "venue": "Aurora"]
    )

    private func register(_ desk: Desk, _ tokens: String...) async throws {
        try await desk.write { session throws(StoreError) in
            try session.register(
                tokens.map { ("42", Device(.apns, $0, registeredAt: Timestamp(milliseconds: 1000))) }
            )
        }
    }

    @Test("a retry sends only what failed", arguments: Desk.Profile.underTest)
    func retry(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            try await register(desk, "aaaaaaaa", "bbbbbbbb", "cccccccc")
            let asked = Mutex<[String]>([])
            let isBusy = Mutex(true)
            let worker = try worker([
                .apns: ScriptedPush(platform: .apns) { device in
                    asked.withLock { $0.append(device.token) }
                    guard device.token == "bbbbbbbb", isBusy.withLock({ $0 }) else {
                        return .sent("id-\(device.token)")
                    }
                    return .later(after: .seconds(60), label: "apns_too_many_requests", "busy")
                }
            ])
            let id = JobID()
            await #expect(throws: JobError.self) {
                try await worker.perform(job, desk.context(PushNotification.self, id: id))
            }
            #expect(asked.withLock { $0.sorted() } == ["aaaaaaaa", "bbbbbbbb", "cccccccc"])
            asked.withLock { $0 = [] }
            isBusy.withLock { $0 = false }
            #expect(try await worker.perform(job, desk.context(PushNotification.self, id: id, attempt: 2)) == .done)
            #expect(asked.withLock { $0 } == ["bbbbbbbb"])
            let records = try await desk.messages(of: id)
            #expect(records.count == 3 && records.allSatisfy { $0.state == .sent && $0.userID == "42" })
            #expect(records.first { $0.recipient == "apns:bbbbbbbb" }?.providerID == "id-bbbbbbbb")
        }
    }

    @Test("a token that was registered again after the provider knew it gone stays", arguments: Desk.Profile.underTest)
    func gone(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            try await register(desk, "aaaaaaaa", "bbbbbbbb")
            try await desk.write { session throws(StoreError) in
                try session.register([("42", Device(.apns, "bbbbbbbb", registeredAt: Timestamp(milliseconds: 3000)))])
            }
            let worker = try worker([
                .apns: ScriptedPush(platform: .apns) { _ in .gone(since: Timestamp(milliseconds: 2000)) }
            ])
            #expect(try await worker.perform(job, desk.context(PushNotification.self)) == .done)
            let left = try await desk.write { session throws(StoreError) in try session.devices(of: "42") }
            #expect(left.map(\.token) == ["bbbbbbbb"])
        }
    }

    @Test("a message that may go once only is claimed first and not tried again when its answer was lost")
    func once() async throws {
        try await Desk.with(.embedded) { desk in
            try await register(desk, "aaaaaaaa")
            let asked = Mutex(0)
            let worker = try worker([
                .apns: ScriptedPush(platform: .apns) { _ in
                    asked.withLock { $0 += 1 }
                    return .later(after: nil, label: "apns_interrupted", "the line was cut")
                }
            ])
            var job = job
            job.once = true
            let id = JobID()
            #expect(try await worker.perform(job, desk.context(PushNotification.self, id: id)) == .done)
            #expect(try await worker.perform(job, desk.context(PushNotification.self, id: id, attempt: 2)) == .done)
            #expect(asked.withLock { $0 } == 1)
            #expect(try await desk.messages(of: id).map(\.state) == [.unknown])
        }
    }

    @Test("what was refused is not retried, and is sent again when a person replays the job")
    func replayed() async throws {
        try await Desk.with(.embedded) { desk in
            try await register(desk, "aaaaaaaa")
            let isMended = Mutex(false)
            let asked = Mutex(0)
            let worker = try worker([
                .apns: ScriptedPush(platform: .apns) { _ in
                    asked.withLock { $0 += 1 }
                    return isMended.withLock { $0 } ? .sent("A1") : .refused(label: "apns_bad_priority", "refused")
                }
            ])
            let id = JobID()
            for attempt in 1...2 {
                let context = desk.context(PushNotification.self, id: id, attempt: attempt)
                _ = try? await worker.perform(job, context)
            }
            #expect(asked.withLock { $0 } == 1)
            isMended.withLock { $0 = true }
            #expect(try await worker.perform(job, desk.context(PushNotification.self, id: id)) == .done)
            #expect(try await desk.messages(of: id).map(\.state) == [.sent])
        }
    }

    @Test("a template that is wrong costs no claim")
    func wrongTemplate() async throws {
        try await Desk.with(.embedded) { desk in
            try await register(desk, "aaaaaaaa")
            let worker = try worker([.apns: ScriptedPush(platform: .apns) { _ in .sent("A1") }])
            var wrong = job
            (wrong.once, wrong.template) = (true, "nothing")
            let id = JobID()
            await #expect(throws: JobError.self) {
                try await worker.perform(wrong, desk.context(PushNotification.self, id: id))
            }
            #expect(try await desk.messages(of: id).isEmpty)
            wrong.template = job.template
            #expect(try await worker.perform(wrong, desk.context(PushNotification.self, id: id)) == .done)
            #expect(try await desk.messages(of: id).map(\.state) == [.sent])
        }
    }

    @Test("with no device left the next channel is tried, once")
    func fallback() async throws {
        try await Desk.with(.embedded) { desk in
            let worker = try worker([:])
            var job = job
            job.fallback = [.sms, .email]
            let id = JobID()
            for attempt in 1...2 {
                _ = try await worker.perform(job, desk.context(PushNotification.self, id: id, attempt: attempt))
            }
            let next = try desk.broker.published(SendNotification.self)
            #expect(Set(next.map(\.id)).count == 1)
            #expect(next.first?.job.channels == [.sms, .email])
        }
    }

    @Test("without credentials it is captured, in the device's own language, once", arguments: Desk.Profile.underTest)
    func capture(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            try await desk.write { session throws(StoreError) in
                try session.register([
                    ("42", Device(.apns, "aaaaaaaa", registeredAt: Timestamp(milliseconds: 1))),
                    ("42", Device(.fcm, "android-token", locale: "en", registeredAt: Timestamp(milliseconds: 1))),
                ])
            }
            let (worker, id) = (try worker([:]), JobID())
            for attempt in 1...2 {
                let context = desk.context(PushNotification.self, id: id, attempt: attempt)
                #expect(try await worker.perform(job, context) == .done)
            }
            let captures = try await desk.captures()
            #expect(captures.count == 2)
            #expect(captures.first { $0.recipient == "apns:aaaaaaaa" }?.content.contains("está registrado") == true)
            #expect(captures.first { $0.recipient == "fcm:android-token" }?.content.contains("is recorded") == true)
        }
    }

    @Test("a payload over 4096 bytes is refused before it is sent")
    func tooLarge() async throws {
        let environment = try APNsKey.environment(url: "https://127.0.0.1:1")
        let provider = try APNsProvider(try #require(try APNsSettings(environment)))
        let content = PushContent(title: "t", body: String(repeating: "é", count: 2040), collapseID: "c")
        let verdict = await provider.send(
            content,
            to: Device(.apns, "aaaaaaaa", registeredAt: .now()),
            id: JobID()
        )
        guard case .refused("push_too_large", _) = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }
}
