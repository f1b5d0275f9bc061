/// What a person may do to a breaker.
package enum BreakerAction: String, Sendable {
    /// Hold it open, for a time or until somebody says otherwise.
    case open
    /// Let everything through.
    case close
    /// Let one job try now.
    case probe
}

extension Store {
    package func act(
        _ action: BreakerAction,
        breaker name: String,
        for duration: Duration?,
        queues: [String],
        _ operation: Operation
    ) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            switch action {
            case .open:
                try session.execute(
                    """
                    insert into breakers (name, state, reason, openings, until_at, held, changed_at, queues)
                    values (:name, 'open', :reason, 1, (select now_ms()) + cast(:lasting as bigint), 1,
                        (select now_ms()), :queues)
                    on conflict (name) do update set state = 'open', reason = excluded.reason,
                        until_at = excluded.until_at, held = 1, prober = null, prober_until = null,
                        changed_at = excluded.changed_at, queues = excluded.queues
                    """,
                    [
                        "name": .text(name), "queues": .text(JSONText.of(queues)),
                        "reason": .scrubbed("opened by \(operation.actor): \(operation.reason ?? "no reason given")"),
                        "lasting": duration.map { .int($0.milliseconds) } ?? .null,
                    ]
                )
            case .close:
                try session.execute(
                    """
                    update breakers set state = 'closed', reason = null, until_at = null, held = 0, openings = 0,
                        prober = null, prober_until = null, changed_at = (select now_ms())
                    where name = :name
                    """,
                    ["name": .text(name)]
                )
                try session.forgetCounts(of: name)
            case .probe:
                try session.execute(
                    "update breakers set until_at = (select now_ms()), held = 0 where name = :name and state = 'open'",
                    ["name": .text(name)]
                )
            }
            try session.write(operation)
        }
    }
}
