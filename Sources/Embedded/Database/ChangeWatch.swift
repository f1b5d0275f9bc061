import Foundation
internal import GRDB
import JobCore

/// Sees commits of any process: a thread with a connection of its own asks SQLite for its data version, which costs
/// some microseconds and reads no table.
struct ChangeWatch: Sendable {
    /// Between two looks.
    static let interval = Duration.milliseconds(20)

    let settings: DatabaseSettings
    /// Asked at each look, on the thread; false ends it.
    let isWanted: @Sendable () -> Bool
    /// Called on the thread inside a snapshot, once at the start and then after changes.
    let onChange: @Sendable (SQLiteSession) throws(StoreError) -> Void

    func start() {
        let thread = Thread { run() }
        thread.name = "jobs-watch"
        thread.start()
    }

    /// A store that cannot be read for a while is tried again, and the look after it starts anew.
    private func run() {
        let opener = ConnectionOpener(settings: settings)
        while isWanted() {
            if let connection = try? opener.open(writing: false, busy: BusyWait(limit: settings.busyDeadline)) {
                connection.inDatabase { database in
                    guard let session = try? SQLiteSession(database, seal: nil) else { return }
                    try? watch(session)
                }
            }
            usleep(200_000)
        }
    }

    private func watch(_ session: SQLiteSession) throws(StoreError) {
        var seen: Int64?
        while isWanted() {
            let version = try session.dataVersion()
            if version != seen {
                seen = version
                try session.control("begin deferred")
                defer { session.rollBack() }
                try onChange(session)
            }
            usleep(UInt32(ChangeWatch.interval.components.attoseconds / 1_000_000_000_000))
        }
    }
}
