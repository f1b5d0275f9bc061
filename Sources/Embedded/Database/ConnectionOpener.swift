import Foundation
internal import GRDB
import JobCore

/// Opens connections to the one file, all with the same behaviour.
struct ConnectionOpener: Sendable {
    let settings: DatabaseSettings

    /// On the thread that will use the connection. The writer comes first: it creates what may be missing.
    func open(writing: Bool, busy: BusyWait) throws(StoreError) -> DatabaseQueue {
        try checkFile()
        var configuration = Configuration()
        configuration.label = writing ? "jobs-writer" : "jobs-reader"
        configuration.readonly = !writing
        configuration.busyMode = .callback { busy.callback(tries: $0) }
        let (clock, schedule) = (settings.clock, settings.scheduleClock)
        let creates = settings.opening == .create
        configuration.prepareDatabase { database in
            database.add(function: DatabaseFunction("now_ms", argumentCount: 0) { _ in clock().milliseconds })
            database.add(
                function: DatabaseFunction("due_ms", argumentCount: 0) { _ in schedule.time(at: clock()).milliseconds }
            )
            try database.execute(sql: "pragma temp_store = memory")
            guard writing else { return }
            if creates { try ConnectionOpener.useWriteAheadLog(database) }
            try database.execute(sql: "pragma synchronous = full")
            try database.execute(sql: "pragma journal_size_limit = 67108864")
        }
        do {
            let queue = try DatabaseQueue(path: settings.path, configuration: configuration)
            busy.ended()
            return queue
        } catch {
            busy.ended()
            throw SQLiteFailure.map(error)
        }
    }

    /// Several processes may create the store at the same time; SQLite then answers "locked" without waiting.
    private static func useWriteAheadLog(_ database: Database) throws {
        for attempt in 1... {
            do {
                try database.execute(sql: "pragma journal_mode = wal")
                return
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && attempt < 200 {
                usleep(10_000)
            }
        }
    }

    /// Verbs that look never create a store, and SQLite would.
    private func checkFile() throws(StoreError) {
        guard access(settings.path, F_OK) == 0 else {
            throw .unavailable("no store at \(settings.path); jobctl migrate apply or the first enqueue creates it")
        }
    }

    /// Creates what the settings allow to create. The write-ahead log takes its permissions from the file.
    func prepareFiles() throws(StoreError) {
        if settings.opening == .create {
            let folder = (settings.path as NSString).deletingLastPathComponent
            if !folder.isEmpty { try createFolder(folder) }
            let file = Foundation.open(settings.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard file >= 0 else {
                throw .unavailable("cannot open \(settings.path): \(String(cString: strerror(errno)))")
            }
            close(file)
        }
        try checkFile()
        try createFolder(settings.locksDirectory)
    }

    private func createFolder(_ path: String) throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .unavailable("cannot create \(path): \(error.localizedDescription)")
        }
    }
}
