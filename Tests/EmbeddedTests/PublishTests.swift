import Embedded
import Foundation
import JobCore
import Testing

extension EmbeddedRoom {
    @Suite struct `Publishing on SQLite` {
        @Test func `a routing key without a route is unroutable, its neighbours are not`() async throws {
            let broker = try await TemporaryStore().openBroker()
            try await broker.declare(.system())
            let stranger = WireMessage(routingKey: "no.such", body: [])
            let results = await broker.publish([.probe(1), stranger, .probe(2)], deadline: .seconds(5))
            #expect(results[1] == .failure(.unroutable("no.such")))
            #expect((try? results[0].get()) != nil && (try? results[2].get()) != nil)
            #expect(try await broker.depths(["system"])["system"]?.ready == 2)
        }

        @Test func `lanes are queues of their own`() async throws {
            let broker = try await TemporaryStore().openBroker()
            try await broker.declare(.system(lanes: [.high, .normal]))
            var message = WireMessage.probe(1)
            message.routingKey = "system.probe.high"
            _ = await broker.publish([message], deadline: .seconds(5))
            let depths = try await broker.depths(["system", "system.high", "system.bulk"])
            #expect(depths.mapValues(\.ready) == ["system": 0, "system.high": 1])
        }

        @Test func `a full queue takes exactly its limit, however many publish at once`() async throws {
            let store = try TemporaryStore()
            let first = try await store.openBroker()
            let second = try await store.openBroker()
            try await first.declare(.system(limit: 150))
            let accepted = await withTaskGroup(of: Int.self) { group in
                for caller in 0..<40 {
                    group.addTask {
                        let results = await (caller % 2 == 0 ? first : second).publish((0..<7))
                        #expect(results.count == 7)
                        return results.count { result in
                            if case .failure(let error) = result { #expect(error == .queueFull) }
                            return (try? result.get()) != nil
                        }
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(accepted == 150)
            #expect(try await first.depths(["system"])["system"]?.ready == 150)
            // Room comes back with a fetch: the limit is on what is ready.
            let consumption = try await first.consume("system", credit: 10)
            let fetched = try #require(await consumption.next())
            let results = await second.publish(0..<20)
            #expect(results.count { (try? $0.get()) != nil } == fetched.count)
        }

        @Test func `a body over the limit is refused`() async throws {
            let broker = try await TemporaryStore().openBroker()
            try await broker.declare(.system())
            var message = WireMessage.probe(1)
            message.body = Array(repeating: 0x20, count: PayloadLimits.maximumBytes)
            #expect((try? await broker.publish([message], deadline: .seconds(5))[0].get()) != nil)
            message.body.append(0x20)
            let results = await broker.publish([message], deadline: .seconds(5))
            #expect(results == [.failure(.refused("the body is larger than 1048576 bytes"))])
        }

        @Test func `the deadline is kept while another process holds the file`() async throws {
            let store = try TemporaryStore()
            let broker = try await store.openBroker()
            try await broker.declare(.system())
            let peer = try PythonPeer(PythonPeer.lockHolder, [store.path])
            #expect(try await peer.line() == "locked")
            let start = ContinuousClock.now
            let results = await broker.publish([.probe(1)], deadline: .milliseconds(300))
            let waited = ContinuousClock.now - start
            #expect(results == [.failure(.unavailable("no turn to write within the deadline"))])
            #expect(waited >= .milliseconds(295) && waited < .milliseconds(550))
            peer.say("release")
            #expect(try await peer.line() == "released")
            #expect(await broker.publish([2]).first.map { (try? $0.get()) != nil } == true)
            // What was said not to be there does not come later.
            #expect(try await broker.depths(["system"])["system"]?.ready == 1)
            peer.kill()
        }

        @Test func `publishers in bulk`() async throws {
            let broker = try await TemporaryStore().openBroker()
            try await broker.declare(.system())
            let start = ContinuousClock.now
            await withTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask { for n in 0..<40 { _ = await broker.publish([n]) } }
                }
            }
            let single = 2000 / (ContinuousClock.now - start).seconds
            let again = ContinuousClock.now
            for _ in 0..<20 { await broker.publish(0..<500) }
            let batched = 10_000 / (ContinuousClock.now - again).seconds
            print(
                "FIGURE publish: 50 callers one by one \(Int(single))/s, one caller in batches of 500 \(Int(batched))/s"
            )
            #expect(try await broker.depths(["system"])["system"]?.ready == 12_000)
        }
    }
}

extension Result where Success == Void, Failure == PublishError {
    static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.success, .success): true
        case (.failure(let left), .failure(let right)): left == right
        default: false
        }
    }
}

func == (left: [Result<Void, PublishError>], right: [Result<Void, PublishError>]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0 == $1 }
}
