/// A transaction in progress, confined to the driver's thread.
///
/// SQL names its parameters `:name` and prepared statements are kept by the text, so texts must be constants.
public protocol SQLSession {
    var dialect: Dialect { get }

    /// Returns the number of rows changed.
    @discardableResult
    func execute(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> Int

    func query(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> [SQLRow]

    /// The same statement for each set of parameters, in one round trip where the database can; rows changed by each.
    @discardableResult
    func executeBatch(_ sql: String, _ batch: [SQLParameters]) throws(StoreError) -> [Int]
}

extension SQLSession {
    @discardableResult
    public func execute(_ sql: String) throws(StoreError) -> Int {
        try execute(sql, [:])
    }

    public func query(_ sql: String) throws(StoreError) -> [SQLRow] {
        try query(sql, [:])
    }

    /// The database's clock: the only one that instants compared between processes come from.
    public func now() throws(StoreError) -> Timestamp {
        guard let row = try query("select now_ms() as now").first else { throw .decoding("no clock") }
        return try row.instant("now")
    }

    /// The time by which waiting jobs become due: the same clock, unless a test shifts it (`ScheduleClock`).
    package func dueNow() throws(StoreError) -> Timestamp {
        guard let row = try query("select due_ms() as now").first else { throw .decoding("no clock") }
        return try row.instant("now")
    }
}
