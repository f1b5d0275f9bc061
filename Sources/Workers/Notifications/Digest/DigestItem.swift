import Foundation
import JobCore

/// The variables of one message that waits for its digest.
enum DigestItem {
    static func encode(_ variables: [String: TemplateValue]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return Array(try encoder.encode(variables))
    }

    static func decode(_ bytes: [UInt8]) -> [String: TemplateValue] {
        (try? JSONDecoder().decode([String: TemplateValue].self, from: Data(bytes))) ?? [:]
    }
}

extension SQLSession {
    func addDigestItem(_ id: JobID, user: String, _ digest: String, _ variables: [UInt8]) throws(StoreError) {
        try execute(
            """
            insert into notification_digests (item_id, user_id, digest, taken_by, variables, at_ms)
            values (:id, :user, :digest, null, :variables, (select now_ms())) on conflict (item_id) do nothing
            """,
            [
                "id": .id(id), "user": .text(user), "digest": .text(digest),
                "variables": .payload(variables, owner: id.description),
            ]
        )
    }

    /// What waits, taken for this job: again the same when it asks again. The newest first.
    func takeDigest(_ user: String, _ digest: String, for job: JobID) throws(StoreError) -> [[UInt8]] {
        let parameters: SQLParameters = ["user": .text(user), "digest": .text(digest), "job": .id(job)]
        try execute(
            """
            update notification_digests set taken_by = :job
            where user_id = :user and digest = :digest and taken_by is null
            """,
            parameters
        )
        var items: [[UInt8]] = []
        let rows = try query(
            """
            select item_id, variables from notification_digests
            where user_id = :user and digest = :digest and taken_by = :job order by at_ms desc, item_id desc limit 1000
            """,
            parameters
        )
        for row in rows { items.append(try row.payload("variables", owner: "item_id")) }
        return items
    }

    func endDigest(_ user: String, _ digest: String, of job: JobID) throws(StoreError) {
        try execute(
            "delete from notification_digests where user_id = :user and digest = :digest and taken_by = :job",
            ["user": .text(user), "digest": .text(digest), "job": .id(job)]
        )
    }
}
