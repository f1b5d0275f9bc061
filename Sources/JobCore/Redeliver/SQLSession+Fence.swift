extension SQLSession {
    /// Throws `superseded` when this attempt, or a later one, has been begun again since this run began. Part of the
    /// transaction that writes.
    ///
    /// Two runs that write at the very same moment are not serialized here: their order is then the commits', as if the
    /// older had been faster. Effects that are to happen once have a key of their own.
    func requireCurrent(_ token: RunToken) throws(StoreError) {
        guard try superseded(among: [token]).isEmpty else { throw .superseded }
    }

    /// Those that have been begun again since, by one statement.
    func superseded(among tokens: [RunToken]) throws(StoreError) -> Set<RunToken> {
        guard !tokens.isEmpty else { return [] }
        for statement in dialect.byKeysOnly { try execute(statement) }
        var begun: [JobID: [RunToken]] = [:]
        for row in try query(FenceQuery.text(dialect), ["ids": .list(Set(tokens.map(\.key.id)))]) {
            let token = RunToken(
                key: try AttemptKey(row: row),
                generation: Int(clamping: try row.int("generation"))
            )
            begun[token.key.id, default: []].append(token)
        }
        return Set(tokens.filter { token in begun[token.key.id]?.contains { $0.supersedes(token) } ?? false })
    }
}

extension RunToken {
    fileprivate func supersedes(_ other: RunToken) -> Bool {
        generation > other.generation && other.key.isOver(with: key)
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
        let marks = TurningTables.marks.union(
            "select job_id, run, attempt, ready_at, generation from",
            where: "\(dialect.isListed("job_id")) and generation > 0"
        )
        return "\(dialect.list(of: ":ids")) \(marks)"
    }
}
