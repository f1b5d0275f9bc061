import Admin
import Foundation
import JobCore

/// A great many dead letters of forty causes, written by the database itself: what a bad release leaves behind.
struct LetterMountain: Sendable {
    static let causes = 40
    /// Cause 0 is not mended: of its letters only the newest few would go well.
    static let badCause = "0000000000000000"
    static let goodNewest = 8
    /// Cause 1 is mended: all of its letters go well.
    static let mendedCause = "0000000000000001"

    let ground: Ground
    let count: Int

    var ofEachCause: Int { count / LetterMountain.causes }

    func pile() async throws {
        let edge = Int64(count - LetterMountain.goodNewest * LetterMountain.causes)
        // A statement has ten seconds.
        for start in stride(from: 0, to: count, by: 50_000) {
            let end = min(count, start + 50_000)
            try await ground.platform.store.driver.write { session throws(StoreError) in
                _ = try session.execute(
                    session.dialect == .sqlite ? LetterMountain.sqlite : LetterMountain.postgres,
                    ["start": .int(start), "end": .int(end), "edge": .int(edge)]
                )
            }
        }
        // What the autovacuum does within a minute.
        if ground.profile == .cluster {
            try await ground.platform.store.driver.write { session throws(StoreError) in
                _ = try session.execute("analyze dead_letters")
            }
        }
    }

    /// - Parameters:
    ///   - source: rows with a number `i`.
    ///   - bytes: makes bytes of a text.
    private static func insert(
        from source: String,
        id: String,
        padded: String,
        fingerprint: String,
        bytes: (String) -> String
    ) -> String {
        let outcome = "case when i % 40 = 0 and i < :edge then 'dead' else 'done' end"
        return """
            insert into dead_letters (job_id, death_id, job, queue, lane, payload, headers, attempts, error_type,
                error_message, fingerprint, build, worker, enqueued_at, failed_at, state, body_length)
            select \(id), 'attempt:5', 'system.probe', 'system', 'normal',
                \(bytes("'{\"outcome\":\"' || \(outcome) || '\",\"note\":\"' || \(padded) || '\"}'")), \(bytes("'{}'")), 5,
                'smtp_rejected', 'server said 550 no such user ' || i, \(fingerprint), 'build-' || (i % 3), 'w',
                1700000000000 + i, 1700000000000 + i, 'open', 220
            from \(source)
            """
    }

    private static let sqlite = insert(
        from: """
            (with recursive n(i) as (select cast(:start as int) union all select i + 1 from n where i < :end - 1)
                select i from n)
            """,
        id: "printf('01943f0e-0000-7c51-9d2e-%012x', i)",
        padded: "printf('%0180d', i)",
        fingerprint: "printf('%016x', i % 40)"
    ) { "cast(\($0) as blob)" }

    private static let postgres = insert(
        from: "generate_series(cast(:start as int), cast(:end as int) - 1) as series(i)",
        id: "'01943f0e-0000-7c51-9d2e-' || lpad(to_hex(i), 12, '0')",
        padded: "lpad(cast(i as text), 180, '0')",
        fingerprint: "lpad(to_hex(i % 40), 16, '0')"
    ) { "convert_to(\($0), 'UTF8')" }
}
