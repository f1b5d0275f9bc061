import Embedded
import Foundation
import JobCore
import Logging
import Synchronization
import Testing

extension EmbeddedRoom {
    @Suite struct `Taking over from the dead` {
        private static let holder = """
            import fcntl, os, sys
            f = open(sys.argv[1], "w"); f.write(str(os.getpid())); f.flush(); fcntl.flock(f, fcntl.LOCK_EX)
            print("held"); sys.stdin.readline()
            """

        /// Claims `count` messages as a process that then holds its lock in a child of ours.
        private func claimedByPeer(_ store: TemporaryStore, _ count: Int) async throws -> (
            PythonPeer, String, EmbeddedBroker
        ) {
            let database = try await store.open()
            let locks = WorkerLocks(of: database)
            let bootID = JobID()
            let peer = try PythonPeer(Self.holder, ["\(locks.directory)/\(bootID)"])
            #expect(try await peer.line() == "held")
            // Same boot id: the name under which the child is watched.
            let lock = try ProcessLock(WorkerLocks(directory: "\(store.folder)/elsewhere"), bootID: bootID)
            let broker = EmbeddedBroker(database: database, process: lock, logger: Logger(label: "test"))
            let consumption = try await broker.consume("system", credit: count)
            #expect(try #require(await consumption.next()).count == count)
            return (peer, bootID.description, broker)
        }

        @Test func `messages of a killed process are back within a second, in order`() async throws {
            let store = try TemporaryStore()
            let broker = try await store.openBroker()
            try await broker.declare(.system())
            await broker.publish(0..<20)
            let (peer, bootID, _) = try await claimedByPeer(store, 8)
            let deaths = Tally()
            let (seen, died) = AsyncStream.makeStream(of: String.self)
            let watch = PeerWatch(process: broker.process!, broker: broker, logger: Logger(label: "test")) { id in
                deaths.count()
                died.yield(id)
            }
            let running = Task { await watch.run() }
            #expect(await watch.probe().isEmpty)
            #expect(try await broker.depths(["system"])["system"]?.ready == 12)
            let consumption = try await broker.consume("system", credit: 100)
            _ = try #require(await consumption.next())
            let start = ContinuousClock.now
            peer.kill()
            var iterator = seen.makeAsyncIterator()
            #expect(await iterator.next() == bootID)
            // The dead one's fair share of the twelve may come first: its death is known before its messages are back.
            var back: [Int] = []
            while back.count < 8 {
                back += try #require(await consumption.next()).filter(\.redelivered).map(\.message.number)
            }
            let took = ContinuousClock.now - start
            print("FIGURE take-over after kill -9: \(took)")
            #expect(back == Array(0..<8))
            #expect(took < .seconds(1))
            running.cancel()
            await running.value
            #expect(deaths.value == 1)
        }

        @Test func `of several peers one takes over`() async throws {
            let store = try TemporaryStore()
            let broker = try await store.openBroker()
            try await broker.declare(.system())
            await broker.publish(0..<5)
            let (peer, bootID, _) = try await claimedByPeer(store, 5)
            peer.kill()
            let deaths = Tally()
            await withTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        guard let other = try? await store.openBroker() else { return }
                        let watch = PeerWatch(process: other.process!, broker: other, logger: Logger(label: "test")) {
                            id in
                            if id == bootID { deaths.count() }
                        }
                        for _ in 0..<5 { await watch.probe() }
                        withExtendedLifetime(other) {}
                    }
                }
            }
            #expect(!FileManager.default.fileExists(atPath: "\(store.path).workers/\(bootID)"))
            let deliveries = try await broker.depths(["system"])["system"]
            #expect(deliveries?.ready == 5)
            #expect(deaths.value == 1)
        }

        @Test func `a hook that fails is asked again`() async throws {
            struct Failure: Error {}
            let store = try TemporaryStore()
            let broker = try await store.openBroker()
            try await broker.declare(.system())
            await broker.publish(0..<1)
            let (peer, bootID, _) = try await claimedByPeer(store, 1)
            peer.kill()
            let calls = Tally()
            let watch = PeerWatch(process: broker.process!, broker: broker, logger: Logger(label: "test")) { _ in
                if calls.count() == 1 { throw Failure() }
            }
            #expect(await watch.probe().isEmpty)
            #expect(await watch.probe() == [bootID])
        }

        @Test func `without a peer, what a dead process holds still counts as ready`() async throws {
            let store = try TemporaryStore()
            let broker = try await store.openBroker()
            try await broker.declare(.system())
            await broker.publish(0..<4)
            let (peer, _, _) = try await claimedByPeer(store, 3)
            #expect(try await broker.depths(["system"])["system"]?.ready == 1)
            #expect(try await broker.depths(["system"])["system"]?.consumers == 1)
            peer.kill()
            let depth = try #require(try await broker.depths(["system"])["system"])
            #expect(depth.ready == 4 && depth.consumers == 0 && depth.oldestReadyAt != nil)
        }

        @Test func `claims without any lock file are returned`() async throws {
            let store = try TemporaryStore()
            let broker = try await store.openBroker()
            try await broker.declare(.system())
            await broker.publish(0..<2)
            let (peer, bootID, _) = try await claimedByPeer(store, 2)
            try FileManager.default.removeItem(atPath: "\(store.path).workers/\(bootID)")
            let watch = PeerWatch(process: broker.process!, broker: broker, logger: Logger(label: "test"))
            #expect(await watch.probe() == [bootID])
            #expect(try await broker.depths(["system"])["system"]?.ready == 2)
            peer.kill()
        }

        @Test func `a process whose file was removed makes it again`() async throws {
            let broker = try await TemporaryStore().openBroker()
            let process = try #require(broker.process)
            let path = "\(broker.locks.directory)/\(process.bootID)"
            try FileManager.default.removeItem(atPath: path)
            #expect(!broker.locks.isAlive(process.bootID))
            await PeerWatch(process: process, broker: broker, logger: Logger(label: "test")).probe()
            #expect(broker.locks.isAlive(process.bootID))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(getpid())\n")
            process.release()
            #expect(!broker.locks.isAlive(process.bootID))
        }
    }
}

private final class Tally: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }

    @discardableResult
    func count() -> Int {
        number.withLock { number in
            number += 1
            return number
        }
    }
}
