import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// What a caller is told while something is away, and that it passes by itself.
    @Suite(.serialized, .timeLimit(.minutes(15)), .enabled(if: Ground.profiles.contains(.cluster)))
    struct `Serving in a bad hour` {
        @Test(arguments: ["broker", "postgres"])
        func `answers 503 with Retry-After, and 202 when it is back`(_ server: String) async throws {
            let ground = try await Ground.prepare(.cluster, "serve-\(server)")
            let served = try await Served(ground, allowing: ["system.*"])
            #expect(try await enqueue(served).status == 202)
            // A queue younger than some seconds is the broker's own weakness, and not tried here.
            if server == "broker" { try await Task.sleep(for: .seconds(4)) }
            try await PrivateNodes.shared.command("kill-\(server)")
            // The first answer may still be from what a key ring knows; none is anything but these two.
            try await until("it says so") {
                let answer = try await enqueue(served)
                #expect([202, 503].contains(answer.status))
                return answer.status == 503 && answer.retryAfter.map { $0 >= 1 } == true
            }
            try await PrivateNodes.shared.command("start-\(server)")
            try await until("it takes jobs again") { try await enqueue(served).status == 202 }
            #expect(await served.stop() == .status(0))
            await ground.platform.close()
        }

        private func enqueue(_ served: Served) async throws -> (status: Int, retryAfter: Int?) {
            let url = try #require(URL(string: "\(served.variables["JOBS_API"] ?? "")/v1/jobs/system.probe"))
            let program = """
                curl -sS -o /dev/null -w '%{http_code} %header{retry-after}' '\(url)' -H "Authorization: Bearer $JOBS_KEY" \
                -H 'Content-Type: application/json' -d '{"payload": {}}'
                """
            let text = try await served.run("/bin/sh", ["-c", program], log: "curl-\(UUID().uuidString.prefix(8))")
            let words = text.split(separator: " ")
            return (words.first.flatMap { Int($0) } ?? 0, words.dropFirst().first.flatMap { Int($0) })
        }
    }
}
