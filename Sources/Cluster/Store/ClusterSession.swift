import JobCore
import PostgreSQL

/// A PostgreSQL transaction behind the store's port, on the connection's own thread.
struct ClusterSession: SQLSession {
    let session: PostgresSession
    let cache: NamedSQLCache
    let seal: PayloadSeal?

    var dialect: Dialect { .postgres }

    @discardableResult
    func execute(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> Int {
        let named = cache.translate(sql)
        let values = try bind(named, parameters)
        return try storeErrors { () throws(PostgresError) in try session.execute(named.text, values) }
    }

    func query(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> [SQLRow] {
        let named = cache.translate(sql)
        let values = try bind(named, parameters)
        let rows = try storeErrors { () throws(PostgresError) in try session.query(named.text, values) }
        guard let columns = rows.first?.columns else { return [] }
        let positions = Dictionary(
            columns.names.enumerated().map { ($1, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        return rows.map { SQLRow(positions: positions, values: $0.values.map(SQLValue.init), seal: seal) }
    }

    @discardableResult
    func executeBatch(_ sql: String, _ batch: [SQLParameters]) throws(StoreError) -> [Int] {
        guard !batch.isEmpty else { return [] }
        let named = cache.translate(sql)
        var rows: [[PostgresValue]] = []
        rows.reserveCapacity(batch.count)
        for parameters in batch { rows.append(try bind(named, parameters)) }
        return try storeErrors { () throws(PostgresError) in try session.executeBatch(named.text, rows) }
    }

    private func bind(_ named: NamedSQL, _ parameters: SQLParameters) throws(StoreError) -> [PostgresValue] {
        var values: [PostgresValue] = []
        values.reserveCapacity(named.names.count)
        for name in named.names {
            guard let value = parameters[name] else { throw .refused("the statement lacks parameter :\(name)") }
            values.append(PostgresValue(try value.sealed(by: seal)))
        }
        return values
    }
}

extension PostgresValue {
    fileprivate init(_ value: SQLValue) {
        self =
            switch value {
            case .null: .null
            case .int(let number): .int(number)
            case .double(let number): .double(number)
            case .text(let text): .text(text)
            case .bytes(let bytes), .payload(let bytes, _): .bytes(bytes)
            }
    }
}

extension SQLValue {
    /// A numeric that is whole and fits comes as text from the client: sums are such.
    fileprivate init(_ value: PostgresValue) {
        self =
            switch value {
            case .null: .null
            case .int(let number): .int(number)
            case .double(let number): .double(number)
            case .text(let text): .text(text)
            case .bytes(let bytes): .bytes(bytes)
            case .bool(let flag): .int(flag ? 1 : 0)
            }
    }
}
