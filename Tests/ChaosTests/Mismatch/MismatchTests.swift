import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Mismatch of speeds` {
        @Test(arguments: Ground.profiles)
        func `a producer ten times faster than its workers fills no memory, and what was accepted is done`(
            _ profile: Profile
        ) async throws {
            let plan = MismatchPlan.chosen
            let ground = try await Ground.prepare(
                profile,
                "mismatch",
                concurrency: plan.concurrency,
                maximumLength: plan.limit
            )
            let ledger = Ledger(ground: ground)
            let answers = Answers(ground)
            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            try await until("the worker fetches") {
                try await ground.platform.broker.depths(["system"])["system"]?.consumers == 1
            }
            let feed = try PacedFeed(path: ground.folder + "/jobs.pipe", rate: plan.rate)
            let start = ContinuousClock.now
            async let offered = feed.write(for: plan.duration) {
                #"{"payload":{"work_ms":\#(plan.work),"record":true,"note":"\#(String(repeating: "n", count: 100))"}}"#
            }
            let producer = try ground.start(
                ["enqueue", SystemProbe.name.rawValue, "--ndjson", feed.path, "--json"],
                log: Answers.errors,
                output: answers.accepted
            )
            try await until("the first is refused") { answers.someoneWasRefused }
            let memory = ResidentMemory(
                [("producer", producer.pid), ("worker", worker.pid)]
                    + (profile == .cluster ? [("broker", try #require(PrivateNodes.shared.brokerPID))] : [])
            )
            while producer.isRunning {
                memory.look()
                try await Task.sleep(for: .milliseconds(100))
            }
            let seconds = (ContinuousClock.now - start).seconds
            #expect(await producer.ended() == .status(4))
            let given = await offered
            let accepted = try answers.acceptedIDs()
            let refusals = try answers.refusals()
            #expect(accepted.count + refusals.count == given)
            #expect(!refusals.isEmpty && refusals.allSatisfy { $0.label == "queue_full" && $0.wait != nil })
            let growth = memory.growth
            #expect(growth.allSatisfy { $0.isBounded }, "\(growth)")

            try await until("all that was accepted is done") { try await ledger.effectCount() >= accepted.count }
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            let effects = try await ledger.effects()
            #expect(effects.count == accepted.count && Set(effects.map(\.id)) == accepted)
            #expect(try await ledger.left() == 0)
            #expect(try await ledger.dead() == 0)
            print(
                "mismatch \(profile.rawValue): offered \(Int(Double(given) / seconds))/s for \(Int(seconds)) s, "
                    + "accepted \(accepted.count) done \(effects.count), refused \(refusals.count) all queue_full; "
                    + growth.map(\.description).joined(separator: ", ")
            )
            await ground.platform.close()
        }
    }
}

/// What the producer's `jobctl enqueue --json` has printed.
private struct Answers {
    static let errors = "producer"

    struct Refusal {
        let label: String?
        let wait: Double?
    }

    let accepted: String
    private let refused: String

    init(_ ground: Ground) {
        accepted = ground.folder + "/producer.out"
        refused = "\(ground.folder)/\(Answers.errors).log"
    }

    var someoneWasRefused: Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: refused)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0 > 0
    }

    func acceptedIDs() throws -> Set<JobID> {
        var ids: Set<JobID> = []
        for line in try lines(of: accepted) {
            let object = try JSONSerialization.jsonObject(with: line) as? [String: Any]
            if let id = (object?["id"] as? String).flatMap({ JobID($0) }) { ids.insert(id) }
        }
        return ids
    }

    func refusals() throws -> [Refusal] {
        try lines(of: refused).map { line in
            let error = (try? JSONSerialization.jsonObject(with: line) as? [String: [String: Any]])?["error"]
            return Refusal(label: error?["label"] as? String, wait: error?["retry_after_seconds"] as? Double)
        }
    }

    private func lines(of path: String) throws -> [Data] {
        try Data(contentsOf: URL(filePath: path)).split(separator: UInt8(ascii: "\n"))
    }
}
