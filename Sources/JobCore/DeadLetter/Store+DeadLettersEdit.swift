/// A letter's payload as it is to be.
package struct LetterEdit: Sendable, Equatable {
    package let letterID: Int64
    package let jobID: JobID
    package let payload: [UInt8]

    package init(_ letter: LetterRecord, payload: [UInt8]) {
        (letterID, jobID) = (letter.letterID, letter.jobID)
        self.payload = payload
    }
}

extension Store {
    /// Changes payloads of open letters. What was there before is kept, each with its operation, and comes back with
    /// `operation undo`. 500 in a transaction.
    /// - Returns: how many; the others were replayed or purged meanwhile.
    package func edit(_ edits: [LetterEdit], _ operation: Operation) async throws(StoreError) -> Int {
        try await change(edits, operation, counted: "edited") { session, slice throws(StoreError) in
            try session.executeBatch(
                """
                insert into letter_originals (letter_id, operation_id, payload, body_length, at_ms)
                select letter_id, :operation, payload, body_length, (select now_ms()) from dead_letters
                where letter_id = :letter and state = 'open' and body_sha256 is null
                on conflict (letter_id, operation_id) do nothing
                """,
                slice.map { ["letter": .int($0.letterID), "operation": .text(operation.id)] }
            )
            let counts = try session.executeBatch(
                """
                update dead_letters set payload = :payload, body_length = :length
                where letter_id = :letter and state = 'open' and body_sha256 is null
                """,
                slice.map {
                    [
                        "letter": .int($0.letterID), "payload": .payload($0.payload, of: $0.jobID),
                        "length": .int($0.payload.count),
                    ]
                }
            )
            return counts.reduce(0, +)
        }
    }
}

extension SQLSession {
    /// Originals of letters that are still open come back; letters that were replayed since have gone on with the edit.
    func restoreOriginals(of operation: String) throws(StoreError) -> UndoResult {
        let rows = try query(
            """
            select o.letter_id, d.state from letter_originals as o join dead_letters as d on d.letter_id = o.letter_id
            where o.operation_id = :operation and d.state = 'open' limit 500
            """,
            ["operation": .text(operation)]
        )
        var letters: [SQLParameters] = []
        for row in rows { letters.append(["letter": .int(try row.int("letter_id")), "operation": .text(operation)]) }
        try executeBatch(
            """
            update dead_letters set
                payload = (select o.payload from letter_originals as o
                    where o.letter_id = :letter and o.operation_id = :operation),
                body_length = (select o.body_length from letter_originals as o
                    where o.letter_id = :letter and o.operation_id = :operation)
            where letter_id = :letter
            """,
            letters
        )
        try executeBatch(
            "delete from letter_originals where letter_id = :letter and operation_id = :operation",
            letters
        )
        let left = try query(
            "select count(*) as n from letter_originals where operation_id = :operation",
            ["operation": .text(operation)]
        )
        return UndoResult(undone: letters.count, kept: Int(try left[0].int("n")))
    }
}
