import Admin
import Foundation
import JobCore
import Testing
import Workers

extension Chaos {
    /// A key that is revoked, a password that is wrong: nobody's message dies of it, and whoever is woken reads what to do.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct `Refused credentials` {
        private static let jobs = 300

        @Test(arguments: Ground.profiles)
        func `of APNs park the queue, say which variable to check, and cost no attempt`(_ profile: Profile) async throws
        {
            let apns = try await APNsStage("apns-\(profile.rawValue)", streams: 100)
            try await apns.tell("force 403 5")
            let ground = try await Ground.prepare(profile, "revoked", adding: apns.environment)
            try await ground.platform.store.driver.write { session throws(StoreError) in
                _ = try session.executeBatch(
                    """
                    insert into notification_devices (platform, token, user_id, app, locale, registered_at)
                    values ('apns', :token, :user, '', null, 0)
                    """,
                    (0..<Self.jobs).map {
                        ["token": .text(String($0 + 0xABC0_0000, radix: 16)), "user": .text("u\($0)")]
                    }
                )
            }
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            let pushes = (0..<Self.jobs).map {
                PushNotification(userID: "u\($0)", template: "news", variables: ["title": "t", "text": "x"])
            }
            for answer in await client.enqueue(all: pushes) { _ = try answer.get() }
            let worker = try ground.start(["work"], log: "worker")
            try await parked("apns", "apns_invalid_provider_token: 403 InvalidProviderToken: check APNS_KEY_ID", ground)

            try await apns.tell("force 0 0")
            try await verb(["breaker", "probe", "apns"], ground)
            try await until("all have gone", within: .seconds(120)) { try await sent(ground) == Self.jobs }
            try await unharmed(ground)
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            await ground.platform.close()
        }

        @Test(
            .enabled(if: FileManager.default.fileExists(atPath: Ground.contracts)),
            arguments: Ground.profiles
        )
        func `of Twilio likewise`(_ profile: Profile) async throws {
            let peer = try await PeerProcess(
                Ground.checkout + "/Tests/WorkersTests/Peers/provider_peer.py",
                [Ground.contracts]
            )
            try peer.tell(#"always 401 {"code":20003,"message":"Authenticate","status":401}"#)
            _ = await peer.next("DONE ")
            let ground = try await Ground.prepare(
                profile,
                "password",
                adding: [
                    "JOBS_SMS_PROVIDER": "twilio", "TWILIO_ACCOUNT_SID": "AC" + String(repeating: "a", count: 32),
                    "TWILIO_AUTH_TOKEN": "test-token", "TWILIO_FROM": "+14155552671",
                    "TWILIO_URL": "http://127.0.0.1:\(peer.port)",
                ]
            )
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            let texts = (0..<Self.jobs).map {
                SMSNotification(to: "+55319\(90_000_000 + $0)", template: "login_code", variables: ["code": "123456"])
            }
            for answer in await client.enqueue(all: texts) { _ = try answer.get() }
            let worker = try ground.start(["work"], log: "worker")
            try await parked(
                "twilio",
                "twilio_auth: 401 code 20003: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
                ground
            )

            try peer.tell("always 0")
            _ = await peer.next("DONE ")
            try await verb(["breaker", "probe", "twilio"], ground)
            try await until("all have gone", within: .seconds(120)) { try await sent(ground) == Self.jobs }
            try await unharmed(ground)
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            await ground.platform.close()
        }

        /// The breaker is open after its first try has failed too, the alert says what to check, and nobody has died.
        private func parked(_ name: String, _ words: String, _ ground: Ground) async throws {
            try await until("the alert is there", within: .seconds(90)) {
                let alerts = try await verb(["alert", "list", "--firing"], ground)
                return alerts.contains("breaker_open|dependency=\(name)") && alerts.contains(words)
            }
            let alert = try await verb(["alert", "list", "--firing"], ground)
            print(
                "credentials \(ground.profile.rawValue): "
                    + (alert.split(separator: "\n").first { $0.contains(words) }?.trimmingCharacters(in: .whitespaces)
                        ?? "")
            )
            #expect(try await sent(ground) == 0)
            try await unharmed(ground)
        }

        private func unharmed(_ ground: Ground) async throws {
            let harmed = try await ground.platform.store.driver.read { session throws(StoreError) in
                let dead = try session.query("select count(*) as rows from dead_letters")[0].int("rows")
                return dead
                    + (try session.query("select count(*) as rows from waiting where attempt > 1")[0].int("rows"))
            }
            #expect(harmed == 0, "nobody is dead, and nobody has lost an attempt")
        }

        private func sent(_ ground: Ground) async throws -> Int {
            try await ground.platform.store.driver.read { session throws(StoreError) in
                Int(
                    try session.query(
                        "select count(*) as rows from notification_messages where state in ('sent', 'queued')"
                    )[0].int("rows")
                )
            }
        }

        @discardableResult
        private func verb(_ arguments: [String], _ ground: Ground) async throws -> String {
            let output = ground.folder + "/verb-\(UUID().uuidString)"
            let child = try ground.start(arguments, log: "verbs", output: output)
            #expect(await child.ended() == .status(0), "\(arguments)")
            return try String(contentsOfFile: output, encoding: .utf8)
        }
    }
}

extension Ground {
    /// The vendors' contracts, where they are at hand.
    fileprivate static let contracts: String = {
        let shared = URL(filePath: checkout).deletingLastPathComponent().appending(path: "shared/data").path
        return (ProcessInfo.processInfo.environment["JOBS_TEST_DATA"] ?? shared) + "/contracts"
    }()
}
