extension Store {
    /// Open letters by cause, the largest groups first. The selector's limit counts groups; its cursor is not used.
    package func deadLetterGroups(_ selector: Selector) async throws(StoreError) -> [DeadLetterGroup] {
        var tally = DeadLetterTally()
        if selector.payload.isEmpty {
            tally = try await driver.read { session throws(StoreError) in try session.tally(selector) }
        } else {
            var all = selector
            all.limit = 0
            var scan = LetterScan(self, all, state: .open)
            while let letters = try await scan.next() {
                for letter in letters { tally.add(letter) }
            }
        }
        let largest = tally.largest(selector.maximumCount)
        return try await driver.read { session throws(StoreError) in
            var groups: [DeadLetterGroup] = []
            for (fingerprint, sum) in largest {
                if let group = try session.group(fingerprint, sum) { groups.append(group) }
            }
            return groups
        }
    }

    /// Letters that nobody has dealt with, by lane.
    package func openLetters() async throws(StoreError) -> [QueueAddress: Int64] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                "select queue, lane, count(*) as letters from dead_letters where state = 'open' group by queue, lane"
            )
            var letters: [QueueAddress: Int64] = [:]
            for row in rows {
                let address = try row.address()
                letters[address, default: 0] += try row.int("letters")
            }
            return letters
        }
    }

    /// Which states the letters of these jobs are in: what became of ids that a verb did not find open.
    package func letterStates(of ids: [JobID]) async throws(StoreError) -> [JobID: Set<LetterState>] {
        var selector = Selector()
        selector.ids = ids
        selector.limit = 0
        var scan = LetterScan(self, selector, state: nil)
        var states: [JobID: Set<LetterState>] = [:]
        while let letters = try await scan.next() {
            for letter in letters { states[letter.jobID, default: []].insert(letter.state) }
        }
        return states
    }
}

extension SQLSession {
    fileprivate func tally(_ selector: Selector) throws(StoreError) -> DeadLetterTally {
        var clause = SelectorClause(selector, over: .letters)
        clause.add("state = :state", "state", .text(LetterState.open.rawValue))
        // Two queries, each within an index: together they would read every row.
        let rows = try query(
            """
            select fingerprint, build, count(*) as letters, min(failed_at) as first_seen, max(failed_at) as last_seen,
                max(letter_id) as newest
            from dead_letters where \(clause.text) group by fingerprint, build
            """,
            clause.parameters
        )
        let again = try query(
            """
            select fingerprint, count(*) as returned from dead_letters
            where \(clause.text) and death_id like '%:replay:%' group by fingerprint
            """,
            clause.parameters
        )
        var returned: [String: Int64] = [:]
        for row in again { returned[try row.text("fingerprint")] = try row.int("returned") }
        var tally = DeadLetterTally()
        for row in rows {
            let fingerprint = try row.text("fingerprint")
            tally.add(
                fingerprint,
                count: try row.int("letters"),
                first: try row.instant("first_seen"),
                last: try row.instant("last_seen"),
                newest: try row.int("newest"),
                build: try row.text("build"),
                returned: returned.removeValue(forKey: fingerprint) ?? 0
            )
        }
        return tally
    }

    fileprivate func group(_ fingerprint: String, _ sum: DeadLetterTally.Sum) throws(StoreError) -> DeadLetterGroup? {
        let rows = try query(
            "select job, queue, error_type, error_message from dead_letters where letter_id = :newest",
            ["newest": .int(sum.newest)]
        )
        guard let row = rows.first else { return nil }
        return DeadLetterGroup(
            fingerprint: fingerprint,
            job: try row.text("job"),
            queue: try row.text("queue"),
            errorType: try row.text("error_type"),
            errorMessage: try row.text("error_message"),
            count: sum.count,
            firstSeen: sum.firstSeen,
            lastSeen: sum.lastSeen,
            builds: sum.builds.sorted(),
            returned: sum.returned
        )
    }
}
