import Admin
import Foundation
import JobCore
import Testing
import Workers

extension Chaos {
    /// Messages that come together become one, and none of them is lost or told twice.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct `Digests` {
        @Test(arguments: Ground.profiles)
        func `tell of every message once, though a worker is killed in the middle`(_ profile: Profile) async throws {
            let (people, friends) = (60, 5)
            let ground = try await Ground.prepare(profile, "digest")
            try await ground.platform.store.driver.write { session throws(StoreError) in
                _ = try session.executeBatch(
                    """
                    insert into notification_devices (platform, token, user_id, app, locale, registered_at)
                    values ('fcm', :user, :user, '', 'en', 0)
                    """,
                    (0..<people).map { ["user": .text("person-\($0)")] }
                )
            }
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            let sends = (0..<people * friends).map { index in
                SendNotification(
                    userID: "person-\(index % people)",
                    template: "friends_nearby",
                    variables: ["name": .text("Friend \(index)"), "venue": "Aurora"],
                    category: "transactional",
                    digest: .init(key: "friends_nearby", waitSeconds: 2, maxSeconds: 20)
                )
            }
            for answer in await client.enqueue(all: sends) { _ = try answer.get() }
            var workers = try (0..<2).map { try ground.start(["work", "--grace", "2s"], log: "worker-\($0)") }
            try await until("some wait for their digest") { try await count("notification_digests", ground) >= people }
            workers[0].signal(SIGKILL)
            await workers[0].ended()
            workers[0] = try ground.start(["work", "--grace", "2s"], log: "worker-0")
            try await until("everything is told", within: .seconds(90)) {
                try await told(ground).values.reduce(0, +) >= people * friends
            }
            for worker in workers { worker.signal(SIGTERM) }
            for worker in workers { #expect(await worker.ended() == .status(0)) }
            let end = try await told(ground)
            let messages = try await count("notification_captures", ground)
            print(
                "digest \(profile.rawValue): \(people * friends) messages to \(people) people, a worker killed: told in "
                    + "\(messages) pushes"
            )
            #expect(end.count == people && end.values.allSatisfy { $0 == friends })
            #expect(messages < people * friends / 2)
            #expect(try await count("notification_digests", ground) == 0)
            await ground.platform.close()
        }

        private func count(_ table: String, _ ground: Ground) async throws -> Int {
            try await ground.platform.store.driver.read { session throws(StoreError) in
                Int(try session.query("select count(*) as rows from \(table)")[0].int("rows"))
            }
        }

        /// By person: of how many messages the pushes tell. "Friend 7 and 4 more are at Aurora" tells of five.
        private func told(_ ground: Ground) async throws -> [String: Int] {
            let rows = try await ground.platform.store.driver.read { session throws(StoreError) in
                try session.query("select job_id, user_id, content from notification_captures")
            }
            var told: [String: Int] = [:]
            for row in rows {
                let content = String(decoding: try row.payload("content", owner: "job_id"), as: UTF8.self)
                let others = content.firstMatch(of: /and (\d+) more/).flatMap { Int($0.1) } ?? 0
                told[try row.text("user_id"), default: 0] += others + 1
            }
            return told
        }
    }
}
