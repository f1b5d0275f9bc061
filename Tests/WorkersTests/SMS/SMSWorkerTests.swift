import JobCore
import Synchronization
import Testing

@testable import Workers

@Suite("Text messages")
struct SMSWorkerTests {
    private func worker(_ settings: SMSSettings) throws -> SMSNotificationWorker {
        SMSNotificationWorker(
            templates: try SMSNotificationWorker.templates(folder: Desk.repository + "/jobs/templates/sms"),
            settings: settings
        )
    }

    private let job = SMSNotification(to: "+5531999990000", template: "login_code", variables: ["code": "123456"])

    private func label(_ run: () async throws -> Outcome) async throws -> String {
        do {
            return "\(try await run())"
        } catch let error as JobError {
            return error.label
        }
    }

    @Test("an answer that was lost is looked for before anything is sent again", arguments: Desk.Profile.underTest)
    func unknown(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            let sent = Mutex(0)
            let finding = Mutex(SMSFinding.there("SM7"))
            let worker = try worker(
                SMSSettings(
                    provider: ScriptedSMS(finding: { finding.withLock { $0 } }) { _ in
                        sent.withLock { $0 += 1 }
                        return .unknown("no answer came")
                    }
                )
            )
            let id = JobID()
            func attempt(_ number: Int) async throws -> String {
                try await label {
                    try await worker.perform(job, desk.context(SMSNotification.self, id: id, attempt: number))
                }
            }
            #expect(try await attempt(1) == "sms_unknown")
            #expect(try await attempt(2) == "done" && sent.withLock { $0 } == 1)
            #expect(try await desk.messages(of: id).first?.providerID == "SM7")
            // Another job, whose message is surely not there: it is sent again.
            let other = JobID()
            finding.withLock { $0 = .absent }
            for number in 1...2 {
                _ = try await label {
                    try await worker.perform(job, desk.context(SMSNotification.self, id: other, attempt: number))
                }
            }
            #expect(sent.withLock { $0 } == 3)
        }
    }

    @Test("where the provider cannot be asked, a message that may have gone is never sent again by itself")
    func unanswerable() async throws {
        try await Desk.with(.embedded) { desk in
            let sent = Mutex(0)
            let worker = try worker(
                SMSSettings(
                    provider: ScriptedSMS { _ in
                        sent.withLock { $0 += 1 }
                        return .unknown("no answer came")
                    }
                )
            )
            let id = JobID()
            for number in 1...2 {
                let context = desk.context(SMSNotification.self, id: id, attempt: number)
                #expect(try await label { try await worker.perform(job, context) } == "sms_unknown")
            }
            #expect(sent.withLock { $0 } == 1)
            // The same attempt handed out again does not send; a person's replay, whose attempt is the first, does.
            let again = desk.context(SMSNotification.self, id: id, attempt: 2)
            #expect(try await label { try await worker.perform(job, again) } == "sms_unknown")
            #expect(sent.withLock { $0 } == 1)
            let replay = desk.context(SMSNotification.self, id: id)
            #expect(try await label { try await worker.perform(job, replay) } == "sms_unknown")
            #expect(sent.withLock { $0 } == 2)
        }
    }

    @Test("a process that died while it handed over leaves an unknown, not a second message")
    func crash() async throws {
        try await Desk.with(.embedded) { desk in
            let sent = Mutex(0)
            let worker = try worker(
                SMSSettings(
                    provider: ScriptedSMS(finding: { .there("SM9") }) { _ in
                        sent.withLock { $0 += 1 }
                        return .queued("SM8")
                    }
                )
            )
            let id = JobID()
            let record = MessageRecord(job.to, .sms, provider: "twilio", .sending)
            try await desk.write { session throws(StoreError) in try session.keep([record], of: id) }
            let first = desk.context(SMSNotification.self, id: id)
            #expect(try await label { try await worker.perform(job, first) } == "sms_unknown")
            let second = desk.context(SMSNotification.self, id: id, attempt: 2)
            #expect(try await worker.perform(job, second) == .done)
            #expect(sent.withLock { $0 } == 0)
            #expect(try await desk.messages(of: id).first?.providerID == "SM9")
        }
    }

    @Test(
        "a country's day, numbers that are not written to, texts that cost too much",
        arguments: Desk.Profile.underTest
    )
    func fraud(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            let sent = Counter()
            let settings = SMSSettings(
                provider: ScriptedSMS { _ in
                    sent.increment()
                    return .queued("SM\(sent.value)")
                },
                countries: ["55": 3, "351": 10]
            )
            let worker = try worker(settings)
            var ends: [String] = []
            for _ in 0..<5 {
                ends.append(
                    try await label { try await worker.perform(job, desk.context(SMSNotification.self)) }
                )
            }
            #expect(ends == ["done", "done", "done", "sms_country_limit", "sms_country_limit"])
            var other = job
            other.to = "+351912345678"
            #expect(try await worker.perform(other, desk.context(SMSNotification.self)) == .done)
            for (number, end) in [
                ("+14155552671", "sms_country_refused"), ("31999990000", "sms_bad_number"),
            ] {
                other.to = number
                #expect(try await label { try await worker.perform(other, desk.context(SMSNotification.self)) } == end)
            }
            other = job
            other.variables["code"] = .text(String(repeating: "ã", count: 200))
            #expect(
                try await label { try await worker.perform(other, desk.context(SMSNotification.self)) }
                    == "sms_too_long"
            )
            #expect(sent.value == 4)
        }
    }

    @Test("somebody who told the carrier to stop gets none, and one who comes back does")
    func optOut() async throws {
        try await Desk.with(.embedded) { desk in
            let sent = Counter()
            let worker = try worker(
                SMSSettings(
                    provider: ScriptedSMS { _ in
                        sent.increment()
                        return .queued("SM\(sent.value)")
                    }
                )
            )
            try await desk.write { session throws(StoreError) in
                try session.suppress([Suppression(.sms, "+5531999990000", .optOut)])
            }
            #expect(try await worker.perform(job, desk.context(SMSNotification.self)) == .done)
            #expect(sent.value == 0)
            try await desk.write { session throws(StoreError) in
                try session.readmit(.sms, "+5531999990000", list: "")
            }
            #expect(try await worker.perform(job, desk.context(SMSNotification.self)) == .done)
            #expect(sent.value == 1)
        }
    }

    @Test("a report that comes before the answer is not lost, and a late one takes nothing back")
    func reports() async throws {
        try await Desk.with(.embedded) { desk in
            let worker = try worker(SMSSettings(provider: ScriptedSMS { _ in .queued("SM1") }))
            try await desk.write { session throws(StoreError) in
                try session.report("SM1", .delivered, error: nil, provider: "twilio")
            }
            let context = desk.context(SMSNotification.self)
            #expect(try await worker.perform(job, context) == .done)
            #expect(try await desk.messages(of: context.id).map(\.state) == [.delivered])
            try await desk.write { session throws(StoreError) in
                try session.report("SM1", .sent, error: nil, provider: "twilio")
            }
            #expect(try await desk.messages(of: context.id).map(\.state) == [.delivered])
        }
    }

    @Test(
        "requests to Twilio fit its contract, errors and lost answers are told apart",
        .enabled(if: SharedData.isThere("contracts/twilio_messages.json"))
    )
    func twilio() async throws {
        let peer = try await ProviderPeer()
        let settings = try TwilioSettings(
            SettingsReader([
                "TWILIO_ACCOUNT_SID": "AC" + String(repeating: "a", count: 32), "TWILIO_AUTH_TOKEN": "test-token",
                "TWILIO_FROM": "+14155552671", "TWILIO_STATUS_URL": "https://jobs.checkin.example/hooks/twilio/status",
                "TWILIO_URL": "http://127.0.0.1:\(peer.port)",
            ])
        )
        let provider = TwilioProvider(settings)
        let number = try #require(PhoneNumber("+5531999990000"))
        let order = SMSOrder(
            to: number,
            text: SMSText("João & Ana + 100 % às 19h = ☕️"),
            usefulUntil: Timestamp.now().advanced(by: .seconds(600))
        )
        guard case .queued(let sid) = await provider.send(order) else {
            Issue.record("\(try await peer.requests())")
            return
        }
        #expect(await provider.find(order, since: .now()) == .there(sid))
        try await peer.tell(#"next 400 {"code":21610,"message":"m"}"#)
        guard case .optedOut = await provider.send(order) else {
            Issue.record("21610 was not an opt-out")
            return
        }
        try await peer.tell("mute")
        guard case .unknown = await provider.send(order) else {
            Issue.record("a cut line is no answer")
            return
        }
        #expect(try await peer.requests().requests.allSatisfy(\.problems.isEmpty))
        #expect(try await peer.check("twilio", #"{"To":"+5531999990000","Body":"b"}"#))
        #expect(try await !peer.check("twilio", #"{"Body":"b"}"#))
        #expect(try await !peer.check("twilio", #"{"To":"+5531999990000","Boddy":"b"}"#))
        #expect(try await !peer.check("twilio", #"{"To":"+5531999990000","ValidityPeriod":"long"}"#))
    }
}
