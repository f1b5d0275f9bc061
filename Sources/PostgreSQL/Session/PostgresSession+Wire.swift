import CPostgreSQL

/// Sending and receiving with libpq's non-blocking calls, so that a silent server cannot hold the thread past a limit.
extension PostgresSession {
    var transactionStatus: PGTransactionStatusType { PQtransactionStatus(handle.pointer) }

    /// Sends, and reads until the server is done.
    /// - Returns: the last result; the first error of several statements is thrown.
    func roundTrip(_ limit: StatementLimit, _ send: () -> Int32) throws(PostgresError) -> ResultHandle {
        try checkReady(limit)
        guard send() == 1 else { throw lost() }
        var last: ResultHandle?
        var refusal: PostgresError?
        while let result = try nextResult(limit) {
            if result.isCopy {
                let error = PostgresError.unexpected("COPY is not supported")
                markLost(error)
                throw error
            }
            if result.isError {
                let error = describe(result)
                refusal = refusal ?? error
                guard failure == nil else { break }
            } else {
                last = consume result
            }
        }
        if let refusal { throw refusal }
        guard let result = last.take() else { throw lost() }
        return result
    }

    func checkReady(_ limit: StatementLimit) throws(PostgresError) {
        if let failure { throw failure }
        guard ContinuousClock.now < limit.end else { throw .timeout(limit.allowed) }
    }

    /// Nil at the end of one statement's results.
    func nextResult(_ limit: StatementLimit) throws(PostgresError) -> ResultHandle? {
        // A failed flush is no reason to stop reading: the server's last words may be waiting.
        var unsent = PQflush(handle.pointer) == 1
        while PQisBusy(handle.pointer) == 1 {
            let interest: SocketWait.Interest = unsent ? [.readable, .writable] : .readable
            guard let ready = SocketWait.until(limit.end, PQsocket(handle.pointer), interest) else {
                throw giveUp(limit)
            }
            if ready.contains(.readable), PQconsumeInput(handle.pointer) == 0 { break }
            if unsent { unsent = PQflush(handle.pointer) == 1 }
        }
        return PQgetResult(handle.pointer).map { ResultHandle(adopting: $0) }
    }

    /// Turns an error result into a typed error, and notes when the connection went with it.
    func describe(_ result: borrowing ResultHandle) -> PostgresError {
        guard let (error, endsSession) = result.serverError else { return lost() }
        guard !endsSession else {
            let reason = PostgresError.connection(error.description)
            markLost(reason)
            return reason
        }
        lastServerError = error
        return .server(error)
    }

    func lost() -> PostgresError {
        let reason = PostgresError.connection(handle.lastMessage)
        markLost(reason)
        return reason
    }

    private func giveUp(_ limit: StatementLimit) -> PostgresError {
        CancelRequest.send(for: handle)
        let error = PostgresError.timeout(limit.allowed)
        markLost(error)
        return error
    }

    /// Whether an idle connection is still open, without a round trip: a server that closed it has said so.
    func isStillOpen() -> Bool {
        guard failure == nil, handle.isUsable else { return false }
        while SocketWait.until(.now, PQsocket(handle.pointer), .readable) != nil {
            guard PQconsumeInput(handle.pointer) == 1, handle.isUsable else { return false }
        }
        return true
    }
}
