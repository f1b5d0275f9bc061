import CPostgreSQL

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension PostgresSession {
    /// BEGIN, body, COMMIT; again from the start when the transaction fell to a conflict or a stale plan.
    func runTransaction<T>(
        _ options: TransactionOptions,
        _ body: (PostgresSession) throws -> T
    ) throws(PostgresError) -> T {
        var attempt = 1
        while true {
            switch runOnce(options, body) {
            case .committed(let value): return value
            case .failed(let error): throw error
            case .conflict(let error):
                attempt += 1
                let pause = TransactionOptions.pause(before: attempt, jitter: .random(in: 0..<1))
                guard attempt <= options.attempts, .now + pause < callDeadline else { throw error }
                poll(nil, 0, pause.wholeMilliseconds)
            }
        }
    }

    private enum Outcome<T> {
        case committed(T)
        case failed(PostgresError)
        /// Rolled back by the server through no fault of the body.
        case conflict(PostgresError)
    }

    private func runOnce<T>(_ options: TransactionOptions, _ body: (PostgresSession) throws -> T) -> Outcome<T> {
        lastServerError = nil
        do throws(PostgresError) {
            _ = try command(options.begin, limit(nil))
        } catch {
            return .failed(error)
        }
        let value: T
        do {
            value = try body(self)
        } catch {
            return abandon(because: error as? PostgresError ?? .body(error))
        }
        if let failure { return .failed(failure) }
        switch transactionStatus {
        case PQTRANS_INTRANS:
            return commit(value, options)
        case PQTRANS_INERROR:
            // The body swallowed an error; COMMIT would answer ROLLBACK.
            let cause = lastServerError.map { PostgresError.server($0) }
            return abandon(because: cause ?? .unexpected("the transaction has failed"))
        default:
            return .failed(.unexpected("the body ended the transaction itself"))
        }
    }

    private func commit<T>(_ value: T, _ options: TransactionOptions) -> Outcome<T> {
        let limit = limit(nil)
        do throws(PostgresError) {
            try checkReady(limit)
        } catch {
            return abandon(because: error)
        }
        do throws(PostgresError) {
            let tag = try command("COMMIT", limit).commandTag
            return tag == "COMMIT" ? .committed(value) : .failed(.unexpected("COMMIT was answered by \(tag)"))
        } catch {
            switch error {
            case .server(let refusal) where refusal.isSerializationConflict: return .conflict(error)
            case .server: return .failed(error)
            default: return .failed(options.readOnly ? error : .commitUnknown(error.description))
            }
        }
    }

    /// Rolls back. Whatever the body made of a conflict, the server's word for it counts.
    private func abandon<T>(because error: PostgresError) -> Outcome<T> {
        let failedByConflict =
            transactionStatus == PQTRANS_INERROR
            && (lastServerError.map { $0.isSerializationConflict || $0.isStaleStatement } ?? false)
        rollBack()
        return failedByConflict && failure == nil ? .conflict(error) : .failed(error)
    }

    /// Ends an open transaction, or loses the connection. Has its own 2 s, as the call's time may be over.
    func rollBack() {
        guard failure == nil, transactionStatus != PQTRANS_IDLE else { return }
        let limit = StatementLimit(timeout: .seconds(2), callDeadline: .now + .seconds(2))
        do {
            _ = try command("ROLLBACK", limit)
        } catch {
            markLost(error)
        }
    }
}
