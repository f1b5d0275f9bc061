import Foundation
import JobCore

/// The writer's thread: turns waiting closures into transactions. One commit, and so one disk flush, serves as many
/// callers as have come while the one before was flushed.
struct GroupCommit {
    let session: SQLiteSession
    let queue: BlockingQueue<any PendingWrite>
    let busy: BusyWait
    let announcement: TurnAnnouncement?
    let budget: Duration

    private var turns = TurnTaking()
    private var restUntil: ContinuousClock.Instant?
    private var dataVersion: Int64?

    init(
        session: SQLiteSession,
        queue: BlockingQueue<any PendingWrite>,
        busy: BusyWait,
        announcement: TurnAnnouncement?,
        budget: Duration
    ) {
        self.session = session
        self.queue = queue
        self.busy = busy
        self.announcement = announcement
        self.budget = budget
    }

    /// Returns when the queue is closed and empty.
    mutating func run() {
        while let first = queue.pop() {
            leaveRoom()
            if begin(for: first) { fill(startingWith: first) }
        }
    }

    private func leaveRoom() {
        guard let restUntil else { return }
        let left = restUntil - ContinuousClock.now
        if left > .zero { usleep(UInt32(clamping: left.components.attoseconds / 1_000_000_000_000 + 1)) }
    }

    private func begin(for first: any PendingWrite) -> Bool {
        busy.expect(by: first.busyAt)
        defer { busy.ended() }
        do throws(StoreError) {
            try session.control(first.isExclusive ? "begin exclusive" : "begin immediate")
            return true
        } catch {
            first.finish(error)
            let now = ContinuousClock.now
            while let late = queue.popNow(where: { $0.busyAt <= now }) { late.finish(error) }
            return false
        }
    }

    private mutating func fill(startingWith first: any PendingWrite) {
        let closing = ContinuousClock.now + budget
        var members: [any PendingWrite] = []
        var next: (any PendingWrite)? = first
        while let write = next {
            if write.begin() {
                members.append(write)
                guard perform(write) else {
                    session.rollBack()
                    settle(members, .unavailable("the database has rolled the transaction back"))
                    return
                }
            }
            guard !first.isExclusive, ContinuousClock.now < closing else { break }
            next = queue.popNow { !$0.isExclusive }
        }
        commit(members)
    }

    /// False when the whole transaction is lost. A closure that throws takes back only what it did itself.
    private func perform(_ write: any PendingWrite) -> Bool {
        do throws(StoreError) {
            try session.control("savepoint member")
            if !write.run(session), session.isInTransaction { try session.control("rollback to member") }
            guard session.isInTransaction else { return false }
            try session.control("release member")
            return session.isInTransaction
        } catch {
            return false
        }
    }

    private mutating func commit(_ members: [any PendingWrite]) {
        do throws(StoreError) {
            try session.commit()
            settle(members, nil)
        } catch {
            settle(members, error)
        }
        busy.ended()
        let version = try? session.dataVersion()
        restUntil = turns.committed(
            at: .now,
            someoneWaits: announcement?.someoneWaits() ?? false,
            foreignCommit: dataVersion != nil && version != dataVersion
        )
        dataVersion = version
    }

    private func settle(_ members: [any PendingWrite], _ error: StoreError?) {
        for member in members { member.finish(error) }
    }
}
