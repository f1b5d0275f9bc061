/// How letters come back to life. A decision on a value; `Store.replay` is what moves them.
package enum Replay {
    /// Why a letter stays where it is. The raw values are counted in answers and audits.
    package enum Refusal: String, Sendable, CaseIterable {
        /// `x-job-expires-at` has passed.
        case expired
        /// Only the beginning of the body was kept.
        case oversize
        /// No queue takes its job name.
        case unroutable
        /// A job with this id waits already.
        case alreadyWaiting = "already_waiting"
    }

    /// The waiting row a letter becomes; id, payload and birth stay those of the letter.
    package struct Revival: Sendable, Equatable {
        package let job: JobName
        package let address: QueueAddress
        package let headers: Headers
        package let expiresAt: Timestamp?
    }

    package enum Decision: Sendable, Equatable {
        case revive(Revival)
        case skip(Refusal)
    }

    package struct Rules: Sendable, Equatable {
        package var operation: String
        /// Replays letters past their expiry, without it.
        package var includesExpired = false

        package init(operation: String, includesExpired: Bool = false) {
            self.operation = operation
            self.includesExpired = includesExpired
        }
    }

    /// - Parameter routes: by routing key.
    package static func decide(
        _ letter: LetterRecord,
        routes: [String: Topology.Route],
        rules: Rules,
        now: Timestamp
    ) -> Decision {
        guard letter.bodySHA256 == nil else { return .skip(.oversize) }
        var expiresAt = letter.expiresAt
        if let instant = expiresAt, instant <= now {
            guard rules.includesExpired else { return .skip(.expired) }
            expiresAt = nil
        }
        guard let route = routes["\(letter.job).\(letter.address.lane.rawValue)"] ?? routes[letter.job] else {
            return .skip(.unroutable)
        }
        return .revive(
            Revival(
                job: route.job,
                address: route.address,
                headers: headers(of: letter, operation: rules.operation),
                expiresAt: expiresAt
            )
        )
    }

    /// A job starts anew: what had been asked for once has been done, what the broker noted is past, and its attempts
    /// and instants are columns of the waiting row.
    private static func headers(of letter: LetterRecord, operation: String) -> Headers {
        var headers = letter.headers.filter { !HeaderName.isBrokerBookkeeping($0.key) }
        let columns = [HeaderName.attempt, HeaderName.enqueuedAt, HeaderName.readyAt, HeaderName.expiresAt]
        for name in HeaderName.actedOnOnce + columns + [HeaderName.unknownSince, HeaderName.freesAtStart] {
            headers[name] = nil
        }
        headers[HeaderName.replayOperation] = .string(operation)
        headers[HeaderName.origin] = .string("replay:\(operation)")
        return headers
    }
}
