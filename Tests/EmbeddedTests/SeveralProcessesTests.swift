import Embedded
import Foundation
import JobCore
import Testing

extension EmbeddedRoom {
    @Suite struct `Several processes on one file` {
        @Test func `a database held for too long is a typed error at its deadline`() async throws {
            let store = try TemporaryStore()
            let database = try await store.openWithTable { $0.busyDeadline = .milliseconds(400) }
            let peer = try PythonPeer(PythonPeer.lockHolder, [store.path])
            #expect(try await peer.line() == "locked")
            let start = ContinuousClock.now
            await withTaskGroup { group in
                for n in 0..<10 {
                    group.addTask {
                        let error = await #expect(throws: StoreError.self) { try await database.insert(n) }
                        #expect(error?.label == "store_busy")
                    }
                }
            }
            let waited = ContinuousClock.now - start
            #expect(waited > .milliseconds(390) && waited < .milliseconds(1500))
            peer.say("release")
            #expect(try await peer.line() == "released")
            try await database.insert(1)
            peer.kill()
        }

        @Test func `the deadline is five seconds unless told otherwise`() async throws {
            let store = try TemporaryStore()
            let database = try await store.openWithTable()
            let peer = try PythonPeer(PythonPeer.lockHolder, [store.path])
            #expect(try await peer.line() == "locked")
            let start = ContinuousClock.now
            await #expect(throws: StoreError.busy("database is locked")) { try await database.insert(1) }
            let waited = ContinuousClock.now - start
            #expect(waited > .milliseconds(4900) && waited < .milliseconds(6500))
            peer.kill()
        }

        @Test func `readers go on while another process writes, and the shared pool is never blocked`() async throws {
            let store = try TemporaryStore()
            let database = try await store.openWithTable { $0.busyDeadline = .seconds(1) }
            let peer = try PythonPeer(PythonPeer.lockHolder, [store.path])
            #expect(try await peer.line() == "locked")
            let writers = Task {
                await withTaskGroup { group in
                    for n in 0..<20 { group.addTask { try? await database.insert(n) } }
                }
            }
            var slowest = Duration.zero
            for _ in 0..<30 {
                let start = ContinuousClock.now
                try await Task.sleep(for: .milliseconds(10))
                #expect(try await database.number("select count(*) as n from t") == 0)
                slowest = max(slowest, .now - start)
            }
            print("FIGURE 10 ms tick and read beside 20 blocked writers: slowest \(slowest)")
            #expect(slowest < .milliseconds(500))
            peer.say("release")
            await writers.value
            peer.kill()
        }

        @Test func `a stranger without manners and we both get our turns`() async throws {
            let store = try TemporaryStore()
            let database = try await store.openWithTable()
            let peer = try PythonPeer(PythonPeer.hammer, [store.path, "3"])
            #expect(try await peer.line() == "ready")
            peer.say("go")
            let times = try await hammer(database, from: 0, for: .seconds(3))
            let answer = try await peer.line()
            print(
                "FIGURE beside a hammering sqlite3: we p50 \(percentile(0.5, times)) p95 \(percentile(0.95, times)) ms",
                terminator: ""
            )
            print(" over \(times.count) writes; it p50 p95 count: \(answer)")
            let figures = answer.split(separator: " ").compactMap { Double($0) }
            #expect(percentile(0.95, times) < 2000)
            #expect(figures.count == 3 && figures[1] < 1000 && figures[2] > 10)
            peer.kill()
        }

        @Test func `two processes of ours share evenly`() async throws {
            let store = try TemporaryStore()
            let first = try await store.openWithTable()
            let second = try await store.openWithTable()
            async let left = hammerFromMany(first, from: 0)
            async let right = hammerFromMany(second, from: 1_000_000_000)
            let (a, b) = try await (left, right)
            print(
                "FIGURE two of ours, 8 callers each: p95 \(percentile(0.95, a)) / \(percentile(0.95, b)) ms",
                terminator: ""
            )
            print(", max \(percentile(1, a)) / \(percentile(1, b)) ms, writes in 2 s \(a.count) / \(b.count)")
            #expect(percentile(0.95, a) < 250 && percentile(0.95, b) < 250)
            #expect(min(a.count, b.count) * 4 > max(a.count, b.count))
        }

        private func hammerFromMany(_ database: EmbeddedDatabase, from base: Int) async throws -> [Duration] {
            try await withThrowingTaskGroup(of: [Duration].self) { group in
                for caller in 0..<8 {
                    group.addTask { try await hammer(database, from: base + caller * 1_000_000, for: .seconds(2)) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }
    }
}

/// Single inserts, one after the other; what each took.
private func hammer(_ database: EmbeddedDatabase, from base: Int, for duration: Duration) async throws -> [Duration] {
    let end = ContinuousClock.now + duration
    var times: [Duration] = []
    while ContinuousClock.now < end {
        let start = ContinuousClock.now
        try await database.insert(base + times.count)
        times.append(.now - start)
    }
    return times
}
