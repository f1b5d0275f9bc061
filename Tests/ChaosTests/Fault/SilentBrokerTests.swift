import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// RabbitMQ stopped by SIGSTOP: it holds its connections and says nothing.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `A silent broker` {
        private static let deadline: Duration = .seconds(1)

        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `ends publishes with a typed error at their deadline, and publishing resumes with it`(
            _ profile: Profile
        ) async throws {
            let ground = try await Ground.prepare(profile, "silent")
            let broker = ground.platform.broker
            let ledger = Ledger(ground: ground)
            var confirmed: Set<JobID> = []
            let before = try await publish(20, to: broker)
            confirmed.formUnion(before.confirmed)
            #expect(before.confirmed.count == 20)

            let pid = try #require(PrivateNodes.shared.brokerPID)
            #expect(kill(pid, SIGSTOP) == 0)
            defer { kill(pid, SIGCONT) }
            let silent = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<50 { group.addTask { try await publish(20, to: broker) } }
                return try await group.reduce(into: [Answer]()) { $0.append($1) }
            }
            #expect(silent.flatMap(\.confirmed).isEmpty, "a stopped broker confirms nothing")
            let errors = Set(silent.flatMap(\.errors))
            #expect(errors.isSubset(of: ["unconfirmed", "broker_unavailable", "broker_blocked"]) && !errors.isEmpty)
            let slowest = silent.map(\.duration).max() ?? .zero
            #expect(slowest < Self.deadline + .seconds(1), "a caller hangs on a silent broker")

            #expect(kill(pid, SIGCONT) == 0)
            let resumed = ContinuousClock.now
            try await until("publishing works again", within: .seconds(60)) {
                let after = try await publish(20, to: broker)
                confirmed.formUnion(after.confirmed)
                return after.confirmed.count == 20
            }
            let pause = ContinuousClock.now - resumed
            // What ended as unconfirmed may be there too; what was confirmed must be.
            try await until("all of them are in the queue") { try await ledger.left() >= confirmed.count }
            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            try await until("all are done", within: .seconds(60)) {
                guard try await ledger.left() == 0 else { return false }
                return confirmed.isSubset(of: Set(try await ledger.effects().map(\.id)))
            }
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            print(
                "silent broker: callers 50, slowest answer \(slowest.milliseconds) ms of a deadline of "
                    + "\(Self.deadline.milliseconds) ms, errors \(errors.sorted().joined(separator: " ")), "
                    + "publishing again \(pause.milliseconds) ms after it woke, confirmed \(confirmed.count), lost 0"
            )
            await ground.platform.close()
        }

        private struct Answer: Sendable {
            var confirmed: Set<JobID> = []
            var errors: [String] = []
            var duration: Duration
        }

        private func publish(_ count: Int, to broker: any Broker) async throws -> Answer {
            let probes = (0..<count).map { _ in Probe(job: SystemProbe(record: true)) }
            let messages = try probes.map { probe in
                WireMessage(
                    routingKey: SystemProbe.name.rawValue,
                    body: try PayloadCoding.encode(probe.job),
                    messageID: probe.id.description
                )
            }
            let start = ContinuousClock.now
            let results = await broker.publish(messages, deadline: Self.deadline)
            var answer = Answer(duration: ContinuousClock.now - start)
            for (probe, result) in zip(probes, results) {
                switch result {
                case .success: answer.confirmed.insert(probe.id)
                case .failure(let error): answer.errors.append(error.label)
                }
            }
            return answer
        }
    }
}
