/// Waiting jobs that are to become due at another time.
package struct RescheduleRequest: Sendable {
    package enum When: Sendable, Equatable {
        case now
        case at(Timestamp)
        /// From now on.
        case after(Duration)
    }

    package var selector: Selector
    package var when: When
    package var operation: String
    package var actor: String
    package var reason: String?
    package var subject: String

    package init(
        selector: Selector,
        when: When,
        operation: String,
        actor: String,
        reason: String?,
        subject: String
    ) {
        (self.selector, self.when, self.operation) = (selector, when, operation)
        (self.actor, self.reason, self.subject) = (actor, reason, subject)
    }
}

extension Store {
    /// Changes the due time of waiting jobs that no promoter holds right now, 500 in a transaction.
    /// - Returns: how many.
    package func reschedule(_ request: RescheduleRequest) async throws(StoreError) -> Int {
        // All are chosen before the first is moved: in the list's order a moved one would be met again.
        var ids: [JobID] = []
        var scan = WaitingScan(self, request.selector)
        while let page = try await scan.next() { ids += page.map(\.id) }
        let (isRelative, milliseconds): (Int, Int64) =
            switch request.when {
            case .now: (1, 0)
            case .after(let duration): (1, duration.milliseconds)
            case .at(let instant): (0, instant.bounded.milliseconds)
            }
        let operation = Operation(
            id: request.operation,
            kind: request.when == .now ? "waiting.run_now" : "waiting.reschedule",
            subject: request.subject,
            actor: request.actor,
            reason: request.reason
        )
        return try await change(ids, operation, counted: "moved") { session, slice throws(StoreError) in
            let counts = try session.executeBatch(
                """
                update waiting set version = version + 1,
                    due_at = case when :relative = 1 then (select due_ms()) + :due else :due end
                where id = :id and (claimed_until is null or claimed_until < (select now_ms()))
                """,
                slice.map { ["id": .id($0), "relative": .int(isRelative), "due": .int(milliseconds)] }
            )
            return counts.reduce(0, +)
        }
    }
}
