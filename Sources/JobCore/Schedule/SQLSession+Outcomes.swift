extension SQLSession {
    /// The outcomes of fires, written before their jobs are acknowledged. The first one stands.
    func conclude(fires: [SQLParameters]) throws(StoreError) {
        guard !fires.isEmpty else { return }
        try executeBatch(
            """
            update schedule_fires set state = :state, run_ms = :run, finished_at = (select now_ms())
            where job_id = :id and state = 'fired'
            """,
            fires
        )
    }

    func bury(fires letters: [DeadLetter]) throws(StoreError) {
        let fires = letters.filter { $0.headers[HeaderName.origin]?.string?.hasPrefix("schedule:") == true }
        guard !fires.isEmpty else { return }
        try executeBatch(
            """
            update schedule_fires set state = 'dead', finished_at = (select now_ms()), error = :error
            where job_id = :id and state = 'fired'
            """,
            fires.map { ["id": .id($0.jobID), "error": .scrubbed($0.failure.label, maximumBytes: 128)] }
        )
    }

    func cancel(fires ids: [JobID]) throws(StoreError) {
        guard !ids.isEmpty else { return }
        try executeBatch(
            """
            update schedule_fires set state = 'cancelled', finished_at = (select now_ms()), error = 'cancelled by hand'
            where job_id = :id and state = 'fired'
            """,
            ids.map { ["id": .id($0)] }
        )
    }
}
