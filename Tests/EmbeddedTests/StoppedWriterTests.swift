import Foundation
import Logging
import Testing

@testable import Embedded

extension EmbeddedRoom {
    @Suite struct `A process stopped inside a transaction` {
        @Test func `is continued, since nobody else can write until then`() async throws {
            let store = try TemporaryStore()
            let broker = try await store.openBroker()
            try await broker.declare(.system())
            let peer = try PythonPeer(PythonPeer.lockHolder, [store.path])
            #expect(try await peer.line() == "locked")
            let holder = WriteLockHolder(databasePath: store.path)
            #expect(holder.pid() == peer.pid)
            kill(peer.pid, SIGSTOP)
            // What it will find when it goes on: the end of its transaction.
            peer.say("go on")
            let process = try #require(broker.process)
            let watch = PeerWatch(process: process, broker: broker, logger: Logger(label: "test"))
            let running = Task { await watch.run() }
            let results = await broker.publish(0..<1)
            #expect(throws: Never.self) { try results[0].get() }
            #expect(try await peer.line() == "released")
            #expect(holder.pid() != peer.pid)
            running.cancel()
            await running.value
        }

        @Test func `is told from one that only takes long`() async throws {
            let store = try TemporaryStore()
            _ = try await store.openWithTable()
            let peer = try PythonPeer(PythonPeer.lockHolder, [store.path])
            #expect(try await peer.line() == "locked")
            #expect(!StoppedWriter.isStopped(peer.pid))
        }
    }

    @Suite struct `Looking for a stopped writer` {
        private let start = ContinuousClock.now

        @Test func `ends with its continuation after the limit, and again after another`() {
            var stopped = StoppedWriter(limit: .seconds(3))
            for second in 0..<3 { #expect(stopped.look(holder: 7, at: start + .seconds(second)) == nil) }
            #expect(stopped.look(holder: 7, at: start + .seconds(3)) == 7)
            #expect(stopped.look(holder: 7, at: start + .seconds(5)) == nil)
            #expect(stopped.look(holder: 7, at: start + .seconds(6)) == 7)
        }

        @Test func `begins anew with another holder, or none`() {
            var stopped = StoppedWriter(limit: .seconds(3))
            #expect(stopped.look(holder: 7, at: start) == nil)
            #expect(stopped.look(holder: 8, at: start + .seconds(2)) == nil)
            #expect(stopped.look(holder: nil, at: start + .seconds(4)) == nil)
            #expect(stopped.look(holder: 8, at: start + .seconds(6)) == nil)
        }

        @Test(
            arguments: [
                ("1: POSIX  ADVISORY  WRITE 4711 fe:00:INODE 120 120\n", Int32(4711)),
                ("1: POSIX  ADVISORY  READ 4711 fe:00:INODE 120 120\n", nil),
                ("1: POSIX  ADVISORY  WRITE 4711 fe:00:INODE 124 124\n", nil),
                ("1: POSIX  ADVISORY  WRITE 4711 fe:00:1 120 120\n", nil),
                ("1: -> POSIX  ADVISORY  WRITE 4711 fe:00:INODE 120 120\n", nil),
                ("2: FLOCK  ADVISORY  WRITE 9 fe:00:INODE 0 EOF\n3: POSIX ADVISORY WRITE 12 00:2f:INODE 0 EOF\n", 12),
                ("nonsense\n", nil),
            ] as [(String, Int32?)]
        )
        func `reads the kernel's table`(_ table: String, _ pid: Int32?) throws {
            let store = try TemporaryStore()
            #expect(FileManager.default.createFile(atPath: store.path + "-shm", contents: nil))
            var status = stat()
            #expect(stat(store.path + "-shm", &status) == 0)
            let path = store.folder + "/locks"
            try table.replacing("INODE", with: "\(status.st_ino)").write(
                toFile: path,
                atomically: true,
                encoding: .utf8
            )
            #expect(WriteLockHolder(databasePath: store.path, locksTable: path).pid() == pid)
        }
    }
}
