import Foundation
import Synchronization
import Testing

@testable import RabbitMQ

/// The whole client against a broker that says anything. What is sent is made of seeds, and of a corpus of cases that are
/// worth keeping: `Corpus/*.hex`, comments after `#`, `CC` for the channel's two bytes and `TT` for the consumer tag.
extension WithBroker {
    @Suite(.serialized) struct `A broker that says anything` {
        /// `JOBS_CHAOS=full` for the proof.
        private static let rounds = ProcessInfo.processInfo.environment["JOBS_CHAOS"] == "full" ? 15_000 : 1_000
        private static let allowedGrowth = 64 << 20

        private struct Corpus {
            let cases: [[String]]

            init() throws {
                let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
                let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                cases = try files.filter { $0.pathExtension == "hex" }.sorted { $0.path < $1.path }.map { file in
                    try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                        .flatMap { line in line.prefix { $0 != "#" }.split(separator: " ").map(String.init) }
                }
            }

            func bytes(_ index: Int, _ channel: UInt16, _ tag: String) -> [UInt8] {
                cases[index].flatMap { word -> [UInt8] in
                    switch word {
                    case "CC": FakeFrame.big(channel)
                    case "TT": FakeFrame.short(tag)
                    default: UInt8(word, radix: 16).map { [$0] } ?? []
                    }
                }
            }
        }

        private static func speech() throws -> FakeBroker.Speech {
            let corpus = try Corpus()
            #expect(corpus.cases.count >= 10)
            return { round, channel, tag in
                if round < corpus.cases.count { return corpus.bytes(round, channel, tag) }
                guard round < corpus.cases.count + Self.rounds else { return nil }
                var traffic = HostileTraffic(seed: UInt64(round))
                return traffic.bytes(channel: channel, tag: tag)
            }
        }

        /// The real broker's names and password, at the fake one's port: there the real one follows.
        private static func configuration(_ port: UInt16) throws -> AMQPConfiguration {
            try TestBroker.configuration {
                $0.endpoints = [.init(host: "127.0.0.1", port: port)]
                $0.backoff = Backoff(first: .microseconds(100), limit: .microseconds(200))
                $0.stableAfter = .zero
                $0.handshakeTimeout = .seconds(1)
                $0.replyTimeout = .seconds(1)
            }
        }

        /// From now on, what answers at this port is the real broker.
        private func succeed(_ broker: FakeBroker) throws -> FaultProxy {
            try FaultProxy(target: try TestBroker.configuration().endpoints[0].port, port: broker.port)
        }

        private func residentBytes() -> Int {
            let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
            return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 4_096 } ?? 0
        }

        @Test func `ends no publisher, holds up no publish and takes no memory; a good one is served at once`()
            async throws
        {
            try await TestBroker.withQueue { queue, control in
                let broker = try FakeBroker(try Self.speech())
                let publisher = AMQPPublisher(try Self.configuration(broker.port), logger: TestBroker.logger)
                try await publisher.start()
                let before = residentBytes()
                let publishing = Task { () -> (calls: Int, slowest: Duration) in
                    var (calls, slowest) = (0, Duration.zero)
                    while !Task.isCancelled {
                        let start = ContinuousClock.now
                        _ = await publisher.publish([TestBroker.message("q", "m")], deadline: .milliseconds(20))
                        slowest = max(slowest, ContinuousClock.now - start)
                        calls += 1
                    }
                    return (calls, slowest)
                }
                for await _ in broker.ended {}
                publishing.cancel()
                let (calls, slowest) = await publishing.value
                let growth = residentBytes() - before
                let proxy = try succeed(broker)
                defer { proxy.stop() }
                try await publisher.publish(TestBroker.message(queue, "m"), deadline: .seconds(10))
                #expect(try await control.passiveDeclare(queue)?.messages == 1)
                await publisher.close()
                #expect(calls > 100)
                #expect(slowest < .milliseconds(500))
                #expect(growth < Self.allowedGrowth)
                print(
                    "fuzz publisher: \(Self.rounds) connections, \(calls) calls, slowest \(slowest), +\(growth >> 20) MB"
                )
            }
        }

        @Test func `ends no consumer and takes no memory; from a good one it goes on`() async throws {
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.fill(queue, ["good"])
                let broker = try FakeBroker(try Self.speech())
                let link = AMQPConsumerLink(try Self.configuration(broker.port), logger: TestBroker.logger)
                let consumer = try await link.consume(queue: queue, prefetch: 10)
                let before = residentBytes()
                let (good, arrived) = AsyncStream.makeStream(of: Void.self)
                let consuming = Task { () -> Int in
                    var count = 0
                    while let batch = await consumer.nextBatch() {
                        count += batch.count
                        if batch.contains(where: { $0.text == "good" }) { arrived.yield() }
                        await consumer.acknowledge(batch.map(\.tag))
                    }
                    return count
                }
                for await _ in broker.ended {}
                let growth = residentBytes() - before
                let proxy = try succeed(broker)
                defer { proxy.stop() }
                for await _ in good { break }
                await link.close()
                let count = await consuming.value
                #expect(count > 20)
                #expect(growth < Self.allowedGrowth)
                print("fuzz consumer: \(Self.rounds) connections, \(count) messages, +\(growth >> 20) MB")
            }
        }
    }
}
