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

    /// A list of texts from one parameter that holds a JSON array, for `in`: one statement text for any number.
    public func texts(_ parameter: String) -> String {
        switch self {
        case .sqlite: "(select value from json_each(\(parameter)))"
        case .postgres: "(select json_array_elements_text(cast(\(parameter) as json)))"
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
                """
            ]
        }
    }
}
