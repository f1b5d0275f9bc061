import Embedded
import Foundation
import JobCore
import Testing

extension EmbeddedRoom {
    @Suite struct `The store's file` {
        @Test func `is made for its owner alone, folders included`() async throws {
            let store = try TemporaryStore()
            let path = "\(store.folder)/a/b/jobs.db"
            let database = try await EmbeddedDatabase.open(DatabaseSettings(path: path))
            try await database.migrate { session throws(StoreError) in try session.execute("create table t (n integer)")
            }
            for name in [path, "\(path)-wal", "\(path)-shm"] {
                let mode = try FileManager.default.attributesOfItem(atPath: name)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name)")
            }
            #expect(
                try await database.read { session throws(StoreError) in
                    try session.query("pragma journal_mode").first?.text("journal_mode")
                } == "wal"
            )
        }

        @Test func `each commit is flushed, and foreign keys hold`() async throws {
            let database = try await TemporaryStore().open()
            let answers = try await database.write { session throws(StoreError) in
                let synchronous = try session.query("pragma synchronous").first?.int("synchronous")
                return [synchronous, try session.query("pragma foreign_keys").first?.int("foreign_keys")]
            }
            #expect(answers == [2, 1])
        }

        @Test(arguments: [DatabaseSettings.Opening.existing, .readOnly])
        func `a verb that only looks creates nothing`(opening: DatabaseSettings.Opening) async throws {
            let store = try TemporaryStore()
            let error = await #expect(throws: StoreError.self) { try await store.open { $0.opening = opening } }
            #expect(error?.label == "store_unavailable")
            #expect("\(String(describing: error))".contains("jobctl migrate apply"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder).isEmpty)
        }

        @Test func `a read-only store refuses to be written`() async throws {
            let store = try TemporaryStore()
            let writer = try await store.openWithTable()
            try await writer.insert(1)
            let reader = try await store.open { $0.opening = .readOnly }
            #expect(try await reader.number("select count(*) as n from t") == 1)
            await #expect(throws: StoreError.refused("the store was opened to be read only")) {
                try await reader.insert(2)
            }
            await #expect(throws: StoreError.refused("attempt to write a readonly database")) {
                try await reader.read { session throws(StoreError) in try session.execute("delete from t") }
            }
        }

        @Test func `a process killed while writing loses nothing it was told is safe`() async throws {
            let store = try TemporaryStore()
            try await store.openWithTable().close()
            let (path, log) = (store.path, "\(store.folder)/committed")
            for round in 0..<3 {
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [path = path as String, log = log as String, round = round as Int] in
                    let database = try await EmbeddedDatabase.open(DatabaseSettings(path: path))
                    let file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
                    await withTaskGroup { group in
                        for caller in 0..<8 {
                            group.addTask {
                                for n in 0..<100_000 {
                                    let number = round * 10_000_000 + caller * 1_000_000 + n
                                    do { try await database.insert(number) } catch { return }
                                    let text = "\(number)\n"
                                    write(file, text, text.utf8.count)
                                }
                            }
                        }
                        group.addTask {
                            try? await Task.sleep(for: .milliseconds(200 + round * 70))
                            kill(getpid(), SIGKILL)
                        }
                    }
                }
            }
            let told = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").compactMap { Int($0) }
            #expect(told.count > 10)
            let reader = try await store.open { $0.opening = .readOnly }
            let rows = try await reader.read { session throws(StoreError) in
                guard try session.query("pragma integrity_check").first?.text("integrity_check") == "ok" else {
                    throw .refused("damaged")
                }
                return try session.query("select n from t")
            }
            let there = Set(try rows.map { Int(try $0.int("n")) })
            print("FIGURE kill -9 while writing: \(told.count) told safe, \(there.count) there")
            #expect(there.isSuperset(of: told))
        }
    }
}
