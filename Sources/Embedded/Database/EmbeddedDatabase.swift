import Foundation
internal import GRDB
package import JobCore

/// One SQLite file as the store: write-ahead log, flushed at each commit, shared by several processes.
///
/// One thread writes and groups the commits of all callers; a few threads read. Nothing runs on the cooperative pool.
/// What a returned `write` did survives a crash of every process and of the machine.
package final class EmbeddedDatabase: StoreDriver {
    package let settings: DatabaseSettings
    package var dialect: Dialect { .sqlite }

    private let writes = BlockingQueue<any PendingWrite>()
    private let readers: ReaderPool

    /// Opens the file, and creates it if the settings say so. Tables are the migrations' business.
    package static func open(_ settings: DatabaseSettings) async throws(StoreError) -> EmbeddedDatabase {
        let database = EmbeddedDatabase(settings)
        try await database.start()
        return database
    }

    private init(_ settings: DatabaseSettings) {
        self.settings = settings
        readers = ReaderPool(opener: ConnectionOpener(settings: settings))
    }

    deinit { close() }

    /// Lets what is queued finish, then ends the threads. Calls after it fail with `unavailable`.
    package func close() {
        writes.close()
        readers.close()
    }

    private func start() async throws(StoreError) {
        guard settings.opening != .readOnly else {
            return try await read { _ throws(StoreError) in }
        }
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            let thread = Thread { [settings, writes] in
                EmbeddedDatabase.serve(writes, settings) { continuation.resume(returning: $0) }
            }
            thread.name = "jobs-writer"
            thread.start()
        }
        try result.get()
    }

    /// The writer's thread.
    private static func serve(
        _ writes: BlockingQueue<any PendingWrite>,
        _ settings: DatabaseSettings,
        opened: (Result<Void, StoreError>) -> Void
    ) {
        do throws(StoreError) {
            let opener = ConnectionOpener(settings: settings)
            try opener.prepareFiles()
            let announcement = try TurnAnnouncement(path: "\(settings.locksDirectory)/.turn")
            let busy = BusyWait(limit: settings.busyDeadline, announcement: announcement)
            let connection = try opener.open(writing: true, busy: busy)
            connection.inDatabase { database in
                do throws(StoreError) {
                    var commits = GroupCommit(
                        session: try SQLiteSession(database, seal: settings.seal),
                        queue: writes,
                        busy: busy,
                        announcement: announcement,
                        budget: settings.groupBudget
                    )
                    opened(.success(()))
                    commits.run()
                } catch {
                    opened(.failure(error))
                }
            }
        } catch {
            opened(.failure(error))
        }
    }

    @discardableResult
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try await submit(exclusive: false, deadline: nil, body)
    }

    /// `write` that returns by `deadline` whatever happens: `unavailable` when it has not begun and never will,
    /// `commitUnknown` when it was being committed.
    package func write<T: Sendable>(
        by deadline: ContinuousClock.Instant,
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try await submit(exclusive: false, deadline: deadline, body)
    }

    /// One exclusive transaction: all or nothing.
    package func migrate(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> Void
    ) async throws(StoreError) {
        try await submit(exclusive: true, deadline: nil, body)
    }

    package func read<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            let accepted = readers.submit { session in
                continuation.resume(returning: EmbeddedDatabase.snapshot(session, body))
            }
            if !accepted { continuation.resume(returning: .failure(.unavailable("the store is closed"))) }
        }
        return try result.get()
    }

    private static func snapshot<T>(
        _ session: Result<SQLiteSession, StoreError>,
        _ body: (any SQLSession) throws(StoreError) -> T
    ) -> Result<T, StoreError> {
        do throws(StoreError) {
            let session = try session.get()
            try session.control("begin deferred")
            defer { session.rollBack() }
            return .success(try body(session))
        } catch {
            return .failure(error)
        }
    }

    private func submit<T: Sendable>(
        exclusive: Bool,
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        guard settings.opening != .readOnly else { throw .refused("the store was opened to be read only") }
        let busyAt = ContinuousClock.now + settings.busyDeadline
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            let write = TypedWrite(isExclusive: exclusive, busyAt: busyAt, continuation: continuation, body: body)
            if let deadline { write.giveUp(at: deadline) }
            if !writes.push(write) { write.finish(.unavailable("the store is closed")) }
        }
        return try result.get()
    }
}
