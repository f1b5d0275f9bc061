import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// Roles as the servers enforce them: a login is refused by PostgreSQL and RabbitMQ themselves, whatever program it uses.
    @Suite(.serialized, .timeLimit(.minutes(15)), .enabled(if: Ground.profiles.contains(.cluster)))
    struct Roles {
        private static let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "stranger.py").path(percentEncoded: false)

        @Test func `are made by topology apply and hold against psql and pika`() async throws {
            // A copy of the declarations, to which somebody adds people.
            let ground = try await Ground.prepare(.cluster, "roles", changing: [("system", "queues:\n", "queues:\n")])
            try "roles: { viewer: [ana], operator: [rui], admin: [eva] }\n".write(
                toFile: ground.folder + "/jobs/roles.yaml",
                atomically: true,
                encoding: .utf8
            )
            let shell = OperatorShell(ground: ground)
            let before = try await shell.run("topology", "plan", "--json")
            let kinds = (before.object["changes"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
            #expect(before.status == 3 && Set(kinds) == ["permission", "role", "member"])
            let missing = try await shell.run("topology", "apply", "--yes")
            #expect(missing.status == 1 && missing.error.contains("rabbitmqctl add_user 'ana'"))
            try await makeLogins(ground)
            #expect(try await shell.run("topology", "apply", "--yes").status == 0)
            #expect(try await shell.run("topology", "plan").status == 0, "everything is as declared")

            let viewer = try await strange(ground, "ana")
            let looks = ["count_letters", "look_at_queue"]
            for (deed, outcome) in viewer {
                #expect(outcome == (looks.contains(deed) ? "ok" : "denied"), "a viewer's \(deed)")
            }
            #expect(viewer.count == 15)
            let oper = try await strange(ground, "rui")
            let refused = ["read_keys", "forge_audit", "shorten_audit", "drop", "make", "delete_queue", "declare"]
            for (deed, outcome) in oper {
                #expect(outcome == (refused.contains(deed) ? "denied" : "ok"), "an operator's \(deed)")
            }
            try await verbs(ground)
            try await forgetLogins(ground)
            await ground.platform.close()
        }

        /// jobctl says which role a verb needs.
        private func verbs(_ ground: Ground) async throws {
            let viewer = OperatorShell(ground: try logged(ground, "ana"))
            let looks = [
                ["queues"], ["lag"], ["workers"], ["dead", "groups"], ["dead", "list"], ["waiting", "list"], ["audit"],
                ["schedule"], ["alert"], ["breaker"], ["limit"], ["job-type"], ["operation"], ["migrate"], ["topology"],
            ]
            for verb in looks { #expect(try await viewer.run(list: verb).status == 0, "\(verb)") }
            let changes = [
                ["queue", "pause", "system"], ["dead", "replay", "--all"], ["breaker", "open", "smtp"],
                ["enqueue", "system.probe", "--payload", "{}"],
                ["enqueue", "system.probe", "--payload", "{}", "--delay", "1h"],
            ]
            for verb in changes {
                let answer = try await viewer.run(list: verb)
                #expect(
                    answer.status == 1 && answer.error.contains("needs the role operator"),
                    "\(verb) \(answer.error)"
                )
            }
            let oper = OperatorShell(ground: try logged(ground, "rui"))
            for verb in changes { #expect(try await oper.run(list: verb).status == 0, "\(verb)") }
            for verb in [["key", "list"], ["migrate", "apply"]] {
                let answer = try await oper.run(list: verb)
                #expect(answer.status == 1 && answer.error.contains("needs the role admin"), "\(verb) \(answer.error)")
            }
        }

        private func password(_ login: String) -> String { "secret-of-\(login)" }

        private func makeLogins(_ ground: Ground) async throws {
            for login in ["ana", "rui", "eva"] {
                try await ground.platform.store.driver.write {
                    [password = password(login)] session throws(StoreError) in
                    try session.execute("create role \"\(login)\" login password '\(password)'")
                }
                try await PrivateNodes.shared.addUser(login, password: password(login))
            }
        }

        /// Roles are the server's, not the schema's: other tests of this run must not find them.
        private func forgetLogins(_ ground: Ground) async throws {
            let schema = "\(ground.environment["JOBS_PREFIX"] ?? "")jobs"
            let groups = OperatorRole.allCases.map { "\(schema)_\($0.rawValue)" }
            try await ground.platform.store.driver.write { session throws(StoreError) in
                for role in ["ana", "rui", "eva"] + groups {
                    try session.execute("drop owned by \"\(role)\"")
                    try session.execute("drop role \"\(role)\"")
                }
            }
        }

        private func logged(_ ground: Ground, _ login: String) throws -> Ground {
            func url(_ name: String) throws -> String {
                var parts = try #require(URLComponents(string: ground.environment[name] ?? ""))
                parts.user = login
                parts.password = password(login)
                return try #require(parts.string)
            }
            return ground.changed([
                "JOBS_BROKER_URL": try url("JOBS_BROKER_URL"), "JOBS_DATABASE_URL": try url("JOBS_DATABASE_URL"),
                "JOBS_MANAGEMENT_URL": "",
            ])
        }

        private func strange(_ ground: Ground, _ login: String) async throws -> [String: String] {
            let ground = try logged(ground, login)
            let prefix = ground.environment["JOBS_PREFIX"] ?? ""
            let output = "\(ground.folder)/stranger-\(login).json"
            let child = try ChildProcess(
                Ground.checkout + "/.run/venv/bin/python",
                [
                    Self.script, ground.environment["JOBS_BROKER_URL"] ?? "",
                    ground.environment["JOBS_DATABASE_URL"] ?? "", prefix, prefix + "jobs",
                ],
                environment: ground.environment,
                output: output,
                errors: "\(ground.folder)/stranger-\(login).log"
            )
            #expect(await child.ended() == .status(0))
            let data = try Data(contentsOf: URL(filePath: output))
            return try #require(try JSONSerialization.jsonObject(with: data) as? [String: String])
        }
    }
}
