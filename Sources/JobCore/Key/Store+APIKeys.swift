import Foundation

/// A key as asked for.
package struct APIKeyRequest: Sendable {
    package let name: String
    package let patterns: [String]
    package let reads: Bool
    package let lasting: Duration?

    package init(name: String, patterns: [String], reads: Bool, lasting: Duration?) {
        self.name = name
        self.patterns = patterns
        self.reads = reads
        self.lasting = lasting
    }
}

extension Store {
    package func create(_ request: APIKeyRequest, _ token: APIToken, _ operation: Operation) async throws(StoreError) {
        let patterns = JSONText.of(request.patterns)
        try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                insert into api_keys (id, name, hash, patterns, reads, created_at, expires_at)
                values (:id, :name, :hash, :patterns, :reads, (select now_ms()),
                    (select now_ms()) + cast(:lasting as bigint))
                """,
                [
                    "id": .text(token.id), "name": .scrubbed(request.name, maximumBytes: 128),
                    "hash": .text(token.hash),
                    "patterns": .text(patterns), "reads": .int(request.reads ? 1 : 0),
                    "lasting": request.lasting.map { .int($0.milliseconds) } ?? .null,
                ]
            )
            try session.write(operation)
        }
    }

    /// Nil where there is none, also one that has been revoked or has run out.
    package func validKey(_ id: String) async throws(StoreError) -> APIKey? {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select \(APIKey.columns) from api_keys where id = :id and revoked_at is null
                    and (expires_at is null or expires_at > (select now_ms()))
                """,
                ["id": .text(id)]
            )
            return try rows.first.map { row throws(StoreError) in try APIKey(row: row) }
        }
    }

    /// All there ever were, the newest first.
    package func keys() async throws(StoreError) -> [APIKey] {
        try await driver.read { session throws(StoreError) in
            var keys: [APIKey] = []
            for row in try session.query("select \(APIKey.columns) from api_keys order by created_at desc, id") {
                keys.append(try APIKey(row: row))
            }
            return keys
        }
    }

    /// False when there is no such key, or it was revoked before.
    package func revoke(_ id: String, _ operation: Operation) async throws(StoreError) -> Bool {
        try await driver.write { session throws(StoreError) in
            let changed = try session.execute(
                "update api_keys set revoked_at = (select now_ms()) where id = :id and revoked_at is null",
                ["id": .text(id)]
            )
            guard changed == 1 else { return false }
            try session.write(operation)
            return true
        }
    }

    /// To the minute: a busy key is not written at each of its requests.
    package func noteUse(of id: String) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                update api_keys set last_used_at = (select now_ms())
                where id = :id and coalesce(last_used_at, 0) < (select now_ms()) - 60000
                """,
                ["id": .text(id)]
            )
        }
    }
}

extension APIKey {
    fileprivate static let columns = "id, name, hash, patterns, reads, created_at, expires_at, revoked_at, last_used_at"

    fileprivate init(row: SQLRow) throws(StoreError) {
        let patterns = try row.text("patterns")
        guard let list = try? JSONDecoder().decode([String].self, from: Data(patterns.utf8)) else {
            throw .decoding("the patterns of an API key are no list")
        }
        self.init(
            id: try row.text("id"),
            name: try row.text("name"),
            patterns: list,
            reads: try row.int("reads") == 1,
            createdAt: try row.instant("created_at"),
            expiresAt: try row.optionalInstant("expires_at"),
            revokedAt: try row.optionalInstant("revoked_at"),
            lastUsedAt: try row.optionalInstant("last_used_at"),
            hash: try row.text("hash")
        )
    }
}
