extension Store {
    package func checkpoint(of id: JobID) async throws(StoreError) -> [UInt8]? {
        try await driver.read { session throws(StoreError) in
            try session.query("select job_id, state from checkpoints where job_id = :id", ["id": .id(id)]).first
                .map { row throws(StoreError) in try row.payload("state", owner: "job_id") }
        }
    }

    /// Deletes a slice of the checkpoints that nobody has touched for so long. True when there may be more.
    package func forgetCheckpoints(after age: Duration) async throws(StoreError) -> Bool {
        let slice = 500
        return try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                delete from checkpoints where job_id in (
                    select job_id from checkpoints where updated_at < (select now_ms()) - :age limit :slice
                )
                """,
                ["age": .int(age.milliseconds), "slice": .int(slice)]
            ) == slice
        }
    }
}

extension SQLSession {
    func keepCheckpoint(_ state: [UInt8], of id: JobID) throws(StoreError) {
        try execute(
            """
            insert into checkpoints (job_id, state, updated_at) values (:id, :state, (select now_ms()))
            on conflict (job_id) do update set state = excluded.state, updated_at = excluded.updated_at
            """,
            ["id": .id(id), "state": .payload(state, of: id)]
        )
    }

    func forgetCheckpoints(of ids: [JobID]) throws(StoreError) {
        try executeBatch("delete from checkpoints where job_id = :id", ids.map { ["id": .id($0)] })
    }
}
