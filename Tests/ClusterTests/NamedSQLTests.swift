import Testing

@testable import Cluster

@Suite("Named parameters become PostgreSQL's numbers")
struct NamedSQLTests {
    @Test(
        "a statement is translated",
        arguments: [
            ("select 1", "select 1", []),
            ("select :a", "select $1", ["a"]),
            ("select :a, :b, :a", "select $1, $2, $1", ["a", "b"]),
            ("select ':a', \":b\", :c", "select ':a', \":b\", $1", ["c"]),
            ("select x::text, :limit_2", "select x::text, $1", ["limit_2"]),
            ("select 'it''s :a' || :b", "select 'it''s :a' || $1", ["b"]),
            ("select a[1:2], :b", "select a[1$1], $2", ["2", "b"]),
            ("select : a", "select : a", []),
            (":a", "$1", ["a"]),
        ] as [(String, String, [String])]
    )
    func translated(sql: String, text: String, names: [String]) {
        let named = NamedSQL(sql)
        #expect(named.text == text)
        #expect(named.names == names)
    }

    @Test("a text is translated once and found again")
    func cached() {
        let cache = NamedSQLCache()
        #expect(cache.translate("select :a") == cache.translate("select :a"))
    }
}
