extension SQLSession {
    /// Throws `superseded` when another process has begun this attempt, or a later one, after this run began. Part of the
    /// transaction that writes.
    ///
    /// Two runs that write at the very same moment are not serialized here: their order is then the commits', as if the
    /// older had been faster. Effects that are to happen once have a key of their own.
    func requireCurrent(_ token: RunToken) throws(StoreError) {
        guard try superseded(among: [token]).isEmpty else { throw .superseded }
    }

    /// Those that another process has taken over, by one statement.
    func superseded(among tokens: [RunToken]) throws(StoreError) -> Set<RunToken> {
        guard !tokens.isEmpty else { return [] }
        let ids = "[" + Set(tokens.map(\.key.id)).map { "\"\($0)\"" }.joined(separator: ",") + "]"
        var later: [JobID: [RunToken]] = [:]
        for row in try query(FenceQuery.text(dialect), ["ids": .text(ids)]) {
            let key = AttemptKey(
                id: try row.id("job_id"),
                run: try row.text("run"),
                attempt: Int(clamping: try row.int("attempt")),
                readyAt: try row.instant("ready_at")
            )
            let generation = Int(clamping: try row.int("generation"))
            later[key.id, default: []].append(
                RunToken(key: key, worker: try row.text("worker"), generation: generation)
            )
        }
        return Set(tokens.filter { token in later[token.key.id]?.contains { $0.supersedes(token) } ?? false })
    }
}

extension RunToken {
    fileprivate func supersedes(_ other: RunToken) -> Bool {
        worker != other.worker && generation > other.generation && other.key.isOver(with: key)
    }
}

private enum FenceQuery {
    private static let sqlite = make(.sqlite)
    private static let postgres = make(.postgres)

    static func text(_ dialect: Dialect) -> String {
        switch dialect {
        case .sqlite: sqlite
        case .postgres: postgres
        }
    }

    private static func make(_ dialect: Dialect) -> String {
        TurningTables.marks.union(
            "select job_id, run, attempt, ready_at, worker, generation from",
            where: "job_id in \(dialect.texts(":ids")) and generation > 0"
        )
    }
}
