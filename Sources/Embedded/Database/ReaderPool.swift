import Foundation
internal import GRDB
import JobCore
import Synchronization

/// A few threads, each with a read-only connection, started when there is more to read than threads that wait.
final class ReaderPool: Sendable {
    typealias Job = @Sendable (Result<SQLiteSession, StoreError>) -> Void

    private let opener: ConnectionOpener
    private let jobs = BlockingQueue<Job>()
    private let started = Mutex(0)

    init(opener: ConnectionOpener) {
        self.opener = opener
    }

    /// False when the pool is closed and the job was not taken.
    func submit(_ job: @escaping Job) -> Bool {
        guard jobs.push(job) else { return false }
        let limit = max(1, opener.settings.readers)
        let starts = started.withLock { started in
            guard started < limit, jobs.needsThread else { return false }
            started += 1
            return true
        }
        if starts {
            let thread = Thread { [opener, jobs] in ReaderPool.serve(jobs, opener) }
            thread.name = "jobs-reader"
            thread.start()
        }
        return true
    }

    func close() {
        jobs.close()
    }

    /// A store that cannot be opened now may be there for the next read.
    private static func serve(_ jobs: BlockingQueue<Job>, _ opener: ConnectionOpener) {
        while let first = jobs.pop() {
            do throws(StoreError) {
                let connection = try opener.open(writing: false, busy: BusyWait(limit: opener.settings.busyDeadline))
                connection.inDatabase { database in
                    do throws(StoreError) {
                        let session = try SQLiteSession(database, seal: opener.settings.seal)
                        first(.success(session))
                        while let job = jobs.pop() { job(.success(session)) }
                    } catch {
                        first(.failure(error))
                    }
                }
            } catch {
                first(.failure(error))
            }
        }
    }
}
