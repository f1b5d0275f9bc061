import Foundation
import JobCore
package import Logging

/// Takes over what dead processes had claimed. Every process runs one; they may all see the same death, and one of
/// them acts on it: who holds the dead one's lock.
package struct PeerWatch: Sendable {
    /// Three times what a busy machine makes of a beat a second is still far off; RabbitMQ takes about as long.
    private static let silence: Duration = .seconds(15)

    package typealias Hook = @Sendable (_ bootID: String) async throws -> Void

    private let process: ProcessLock
    private let broker: EmbeddedBroker
    private let interval: Duration
    private let writeLock: WriteLockHolder
    private let logger: Logger
    private let onDeath: Hook

    /// - Parameters:
    ///   - interval: between probes.
    ///   - onDeath: runs before the dead process's messages go back to their queues, so that who fetches them knows of
    ///     the death. Again at the next probe if it throws or this process dies meanwhile: it must be repeatable.
    package init(
        process: ProcessLock,
        broker: EmbeddedBroker,
        interval: Duration = .milliseconds(250),
        logger: Logger,
        onDeath: @escaping Hook = { _ in }
    ) {
        self.process = process
        self.broker = broker
        self.interval = interval
        writeLock = WriteLockHolder(databasePath: broker.database.settings.path)
        self.logger = logger
        self.onDeath = onDeath
    }

    /// Probes until cancelled.
    package func run() async {
        var silence = PeerSilence(limit: PeerWatch.silence)
        var stopped = StoppedWriter()
        var round = 0
        while !Task.isCancelled {
            // First, and without the store: while somebody holds the file, all that follows waits.
            release(&stopped)
            await probe()
            if round % 4 == 0 { await relieve(&silence) }
            round += 1
            try? await Task.sleep(for: interval)
        }
    }

    /// Continues a process that was stopped inside a transaction, since everybody waits for it. Its commit ends in about
    /// a millisecond; whoever stopped it can stop it again.
    private func release(_ stopped: inout StoppedWriter) {
        let holder = writeLock.pid().flatMap { StoppedWriter.isStopped($0) ? $0 : nil }
        guard let pid = stopped.look(holder: holder, at: .now) else { return }
        let isContinued = kill(pid, SIGCONT) == 0
        logger.error(
            isContinued
                ? "continued a stopped process that held the store's file: nobody could write"
                : "a stopped process holds the store's file and nobody can write: kill -CONT or kill -9 it",
            metadata: [LogKey.pid: "\(pid)"]
        )
    }

    /// What a stopped process holds goes back to the queues. It lives, so nobody is blamed; when it wakes, its tags are
    /// stale and its runs are superseded.
    private func relieve(_ silence: inout PeerSilence) async {
        do {
            var (beats, newest) = try await broker.claimantBeats()
            beats[process.bootID] = nil
            for bootID in silence.silent(beats, newest: newest, at: .now) {
                let returned = try await broker.returnClaims(of: bootID)
                logger.notice(
                    "took over from a process that holds jobs and does not beat",
                    metadata: [LogKey.worker: "\(bootID)", LogKey.count: "\(returned)"]
                )
            }
        } catch {
            logger.warning("looking for stopped processes failed", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// One round; the boot ids whose estate this process has taken over.
    @discardableResult
    package func probe() async -> [String] {
        var settled: [String] = []
        do {
            try process.renew()
            await broker.retryGivingBack()
            // Listed before the claims are read, so that an estate settled in between is not settled again.
            let known = process.locks.bootIDs()
            for bootID in known where bootID != process.bootID {
                guard let lock = process.locks.seize(bootID) else { continue }
                try await takeOver(bootID)
                lock.remove()
                settled.append(bootID)
            }
            // Claims without a lock file: the store was copied here, or somebody emptied the folder.
            for bootID in try await broker.claimants()
            where !known.contains(bootID) && !process.locks.isAlive(bootID) {
                try await takeOver(bootID)
                settled.append(bootID)
            }
        } catch {
            logger.warning("taking over from a dead process failed", metadata: [LogKey.error: "\(error)"])
        }
        return settled
    }

    private func takeOver(_ bootID: String) async throws {
        try await onDeath(bootID)
        let returned = try await broker.returnClaims(of: bootID)
        logger.info(
            "took over from a dead process",
            metadata: [LogKey.worker: "\(bootID)", LogKey.count: "\(returned)"]
        )
    }
}
