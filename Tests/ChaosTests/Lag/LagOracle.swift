import Foundation
import JobCore

/// The truth about a lane of RabbitMQ: its head is looked at in the queue itself, beside what `jobctl lag` says.
struct LagOracle: Sendable {
    struct Answer: Sendable {
        let lag: Double?
        let low: Double?
        let verdict: String
        let status: Int32
    }

    let ground: Ground

    /// Ready-at of the message at the head of `system`; nil when nothing is ready.
    func head() async throws -> Timestamp? {
        let prefix = ground.environment["JOBS_PREFIX"] ?? ""
        let text = try await PrivateNodes.shared.peek(prefix + "system")
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        guard let message = object?["message"] as? [String: Any] else { return nil }
        guard let readyAt = message["header.x-job-ready-at"] as? NSNumber else {
            throw StageError("the head has no x-job-ready-at: \(text)")
        }
        return Timestamp(milliseconds: readyAt.int64Value)
    }

    /// What `jobctl lag --max 1h --queue system` says.
    func command(_ name: String) async throws -> Answer {
        let output = "\(ground.folder)/lag-\(UUID().uuidString.prefix(6)).json"
        let child = try ground.start(
            ["lag", "--json", "--max", "1h", "--queue", "system"],
            log: "lag",
            output: output
        )
        guard case .status(let status) = await child.ended() else { throw StageError("jobctl lag was killed") }
        let lanes = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: output))) as? [[String: Any]]
        guard let lane = lanes?.first(where: { $0["lane"] as? String == "normal" }) else {
            throw StageError("jobctl lag says nothing of the lane; see \(ground.folder)/lag.log")
        }
        return Answer(
            lag: (lane["lag_seconds"] as? NSNumber)?.doubleValue,
            low: (lane["lag_low_seconds"] as? NSNumber)?.doubleValue,
            verdict: lane["verdict"] as? String ?? "?",
            status: status
        )
    }

    /// By how many seconds the command is off: the head is looked at before and after it, and moves on in between.
    func error(_ name: String) async throws -> (off: Double, said: Answer) {
        let before = try await head()
        let said = try await command(name)
        let now = Timestamp.now()
        let after = try await head()
        let oldest = before.map { now.duration(since: $0).seconds } ?? 0
        let youngest = after.map { now.duration(since: $0).seconds } ?? 0
        guard let lag = said.lag else { return (.infinity, said) }
        let (low, high) = (min(oldest, youngest), max(oldest, youngest))
        return (max(0, max(low - lag, lag - high)), said)
    }
}
