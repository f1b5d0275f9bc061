extension Store {
    /// Adds what attempts of this process say of dependencies, and opens the breakers whose share of failures has reached
    /// their policy's. Outcomes of a breaker that is not closed change nothing: those attempts began before.
    /// - Returns: the breakers named, as they are then; a name without a row is closed.
    package func report(
        _ outcomes: [String: DependencyOutcomes],
        policies: [String: BreakerPolicy],
        queues: [String: [String]]
    ) async throws(StoreError) -> [String: BreakerRecord] {
        try await driver.write { session throws(StoreError) in
            var found: [String: BreakerRecord] = [:]
            for name in outcomes.keys.sorted() {
                guard let outcome = outcomes[name] else { continue }
                let policy = policies[name] ?? BreakerPolicy()
                found[name] = try session.report(outcome, of: name, policy, queues: queues[name] ?? [])
            }
            return found
        }
    }

    /// Every breaker that has ever opened, by name.
    package func breakers() async throws(StoreError) -> [BreakerRecord] {
        try await driver.read { session throws(StoreError) in try session.breakers() }
    }

    /// Takes the right to try dependencies whose breakers are half open: one process at a time has it. All or none.
    package func beginProbe(
        _ names: [String],
        prober: String,
        lasting: Duration
    ) async throws(StoreError) -> Bool {
        try await driver.write { session throws(StoreError) in
            var taken: [String] = []
            for name in names.sorted() {
                let rows = try session.execute(
                    """
                    update breakers set prober = :prober, prober_until = (select now_ms()) + :lasting
                    where name = :name and state = 'open' and until_at <= (select now_ms())
                        and (prober is null or prober = :prober or prober_until < (select now_ms()))
                    """,
                    ["name": .text(name), "prober": .text(prober), "lasting": .int(lasting.milliseconds)]
                )
                if rows == 0 {
                    try session.endProbe(taken, prober: prober)
                    return false
                }
                taken.append(name)
            }
            return !taken.isEmpty
        }
    }

    /// Gives the right back: no job was there to try with, or it said nothing of the dependency.
    package func endProbe(_ names: [String], prober: String) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in try session.endProbe(names, prober: prober) }
    }

    /// Takes the right from processes that are dead.
    package func endProbes(ofDead witness: any DeathWitness) async throws(StoreError) {
        let rows = try await driver.read { session throws(StoreError) in
            try session.query(
                """
                select b.name, b.prober, w.id as worker, w.host, w.pid, (select now_ms()) - w.heartbeat_at as silence
                from breakers as b join workers as w on b.prober like w.id || ' %'
                """
            )
        }
        for row in rows {
            let sign = LastSign(
                worker: try row.text("worker"),
                host: try row.optionalText("host"),
                pid: try row.optionalInt("pid").map { Int(clamping: $0) },
                silence: .milliseconds(try row.int("silence")),
                saidGoodbye: false
            )
            guard witness.isKnownDead(sign) else { continue }
            try await endProbe([try row.text("name")], prober: try row.text("prober"))
        }
    }

    /// The dependency answered: the breaker closes for everybody. Nothing happens when the right was lost meanwhile.
    package func closeBreakers(_ names: [String], probedBy prober: String) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            for name in names.sorted() {
                let rows = try session.execute(
                    """
                    update breakers set state = 'closed', reason = null, until_at = null, held = 0, prober = null,
                        prober_until = null, changed_at = (select now_ms())
                    where name = :name and state = 'open' and prober = :prober
                    """,
                    ["name": .text(name), "prober": .text(prober)]
                )
                if rows > 0 { try session.forgetCounts(of: name) }
            }
        }
    }

    /// The dependency failed again: its breaker stays open for longer than before.
    package func reopenBreaker(
        _ name: String,
        probedBy prober: String,
        _ policy: BreakerPolicy,
        reason: String
    ) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            let rows = try session.query(
                "select openings from breakers where name = :name and state = 'open' and prober = :prober",
                ["name": .text(name), "prober": .text(prober)]
            )
            guard let row = rows.first else { return }
            let openings = Int(try row.int("openings")) + 1
            try session.execute(
                """
                update breakers set openings = :openings, until_at = (select now_ms()) + :lasting, reason = :reason,
                    prober = null, prober_until = null
                where name = :name and state = 'open' and prober = :prober
                """,
                [
                    "name": .text(name), "prober": .text(prober), "openings": .int(openings),
                    "lasting": .int(policy.openTime(openings: openings).milliseconds), "reason": .scrubbed(reason),
                ]
            )
        }
    }
}

extension Store {
    /// Counts older than the longest window that a manifest may ask for.
    package func forgetOldBreakerCounts() async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.execute("delete from breaker_counts where slot < (select now_ms()) / 250 - 2400")
        }
    }
}
