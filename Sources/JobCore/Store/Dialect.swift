/// Everything in which the two databases must differ. Queries are written once and need none of it.
public enum Dialect: String, Sendable {
    case sqlite
    case postgres

    /// A column of raw bytes.
    public var bytes: String {
        switch self {
        case .sqlite: "blob"
        case .postgres: "bytea"
        }
    }

    /// A key that the database counts up by itself and never gives twice.
    public var identity: String {
        switch self {
        case .sqlite: "integer primary key autoincrement"
        case .postgres: "bigint generated always as identity primary key"
        }
    }

    /// Appended to a select that claims rows while others do the same. SQLite has one writer at a time.
    public var skipLocked: String {
        switch self {
        case .sqlite: ""
        case .postgres: "for update skip locked"
        }
    }

    /// Appended to a select of rows that are changed next.
    public var lock: String {
        switch self {
        case .sqlite: ""
        case .postgres: "for update"
        }
    }

    /// Goes before a select that asks `isListed`: takes the texts out of a parameter that holds a JSON array, once for all
    /// its parts. One statement text for any number.
    public func list(of parameter: String) -> String {
        switch self {
        case .sqlite: "with listed as materialized (select value from json_each(\(parameter)))"
        case .postgres:
            """
            with listed as materialized
                (select array(select json_array_elements_text(cast(\(parameter) as json))) as texts)
            """
        }
    }

    /// True for a text of the list. PostgreSQL gets an array: for a sub-select it might scan the table.
    public func isListed(_ column: String) -> String {
        switch self {
        case .sqlite: "\(column) in (select value from listed)"
        case .postgres: "\(column) = any (cast((select texts from listed) as text[]))"
        }
    }

    /// A text column in a condition that no index is to be chosen for: rows are found by another one, a job's id. Without
    /// statistics SQLite takes the index of the state, and with old ones PostgreSQL a partial index it believes to be empty:
    /// either reads a million letters for each job that ends. Not strict, so no partial index follows from it.
    public func unindexed(_ column: String) -> String { "coalesce(\(column), '')" }

    /// For the rest of a transaction that looks many keys up. A plan of PostgreSQL's that was made while a table was empty
    /// scans it, and is kept while it fills: 100 µs a key instead of 5 were seen.
    public var byKeysOnly: [String] {
        switch self {
        case .sqlite: []
        case .postgres: ["set local enable_seqscan = off"]
        }
    }

    /// Takes everything out of a table without looking at its rows. On PostgreSQL it needs the table for itself: behind
    /// a long reader it gives up at once, rather than hold up everybody who comes after.
    public func emptying(_ table: String) -> [String] {
        switch self {
        case .sqlite: ["delete from \(table)"]
        case .postgres: ["set local lock_timeout = '200ms'", "truncate table \(table)"]
        }
    }

    /// Statements before the first table.
    public var prelude: [String] {
        switch self {
        case .sqlite: []
        case .postgres:
            [
                """
                create or replace function now_ms() returns bigint language sql volatile as
                $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $$
                """,
                // What becomes due is compared with this one. A test shifts it for its own connections, with a setting that
                // `ScheduleClock` spells: origin, start and speed.
                """
                create or replace function due_ms() returns bigint language sql volatile as
                $$ select case when coalesce(current_setting('jobs.test_clock', true), '') = '' then now_ms()
                    else split_part(current_setting('jobs.test_clock'), ' ', 1)::bigint
                        + (now_ms() - split_part(current_setting('jobs.test_clock'), ' ', 2)::bigint)
                        * split_part(current_setting('jobs.test_clock'), ' ', 3)::bigint end $$
                """,
            ]
        }
    }
}
