import PostgreSQL
import Testing

@Suite struct `Values on their way to the server and back` {
    @Test func `every kind of value comes back as it was sent`() async throws {
        var cases: [PostgresValue] = [
            .int(.min), .int(.max), .int(0), .int(-1), .bool(true), .bool(false), .double(-0.0), .double(.infinity),
            .double(.leastNonzeroMagnitude), .double(.greatestFiniteMagnitude), .double(0.1), .bytes([]), .bytes([0]),
            .text(""), .text("é"), .text("👩🏽‍🚀 emoji"), .text("\u{FEFF}bom"), .text("tab\tline\nquote'\\x41"), .null,
        ]
        for _ in 0..<200 {
            cases.append(.int(.random(in: .min ... .max)))
            cases.append(.double(Double(bitPattern: .random(in: 0..<0x7FF0_0000_0000_0000))))
            cases.append(.bytes((0..<Int.random(in: 0...300)).map { _ in .random(in: 0...255) }))
            let scalars = (0..<Int.random(in: 0...40)).compactMap { _ in Unicode.Scalar(UInt32.random(in: 1...0x10FFFF))
            }
            cases.append(.text(String(String.UnicodeScalarView(scalars))))
        }
        let sent = cases
        let columns = [
            "null": "text", "int": "int8", "double": "float8", "text": "text", "bytes": "bytea", "bool": "bool",
        ]
        let received = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try sent.map { value in
                    try session.query("SELECT $1::\(columns[kind(value)] ?? "") AS v", [value])[0].value("v")
                }
            }
        }
        #expect(received == sent)
    }

    @Test func `a body of one mebibyte comes back whole`() async throws {
        let body = (0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let back = try await TestDatabase.withPool { pool in
            try await pool.withSession { try $0.query("SELECT $1::bytea AS b", [.bytes(body)])[0].bytes("b") }
        }
        #expect(back == body)
    }

    @Test func `text with a NUL is refused before it is sent`() async throws {
        try await TestDatabase.withPool { pool in
            let error = await failure { () throws(PostgresError) in
                try await pool.withSession { session in try session.query("SELECT $1::text", [.text("a\0b")]) }
            }
            #expect(error?.label == "parameter")
            let sqlError = await failure { () throws(PostgresError) in
                try await pool.withSession { session in try session.query("SELECT 1 \0") }
            }
            #expect(sqlError?.label == "parameter")
        }
    }

    @Test func `an int goes into columns and contexts of every numeric type`() async throws {
        let row = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.executeScript(
                    "CREATE TABLE n (a int2, b int4 PRIMARY KEY, c int8, d numeric(20,2), e float8, f text)"
                )
                try session.execute(
                    "INSERT INTO n SELECT $1, $1, $1, $1, $1, CAST($1 AS text) WHERE $1 > $2 - 1",
                    [.int(42), .int(42)]
                )
                return try session.query(
                    "SELECT * FROM n WHERE b = $1 AND d = $1 AND e = $1 LIMIT $2",
                    [.int(42), .int(1)]
                )
            }
        }.first
        let found = try #require(row)
        #expect(found.values == [.int(42), .int(42), .int(42), .text("42.00"), .double(42), .text("42")])
        #expect(try found.double("d") == 42)
        #expect(throws: PostgresError.self) { try found.int("d") }
        #expect(throws: PostgresError.self) { try found.int("f") }
    }

    @Test func `text serves for uuid, jsonb, timestamptz and arrays, and null for anything`() async throws {
        let row = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.executeScript("CREATE TABLE m (u uuid, j jsonb, t timestamptz, a int[], b bytea, n int8)")
                let sql = "INSERT INTO m VALUES ($1, $2, $3, $4, $5, $6)"
                let values: [PostgresValue] = [
                    .text("0190b7c4-0000-7000-8000-0123456789ab"), .text(#"{"k": [1, "é"]}"#),
                    .text("1969-12-31T23:59:59.9995Z"), .text("{1,2}"), .null, .null,
                ]
                try session.execute(sql, [.null, .null, .null, .null, .null, .null])
                try session.execute(sql, values)
                try session.execute("DELETE FROM m WHERE u IS NULL")
                return try session.query("SELECT u, j, t, a::text AS a, b, n FROM m WHERE u = $1", [values[0]])[0]
            }
        }
        #expect(try row.text("u") == "0190b7c4-0000-7000-8000-0123456789ab")
        #expect(try row.text("j") == #"{"k": [1, "é"]}"#)
        #expect(try row.int("t") == -1)
        #expect(try row.text("a") == "{1,2}")
        #expect(try row.optionalBytes("b") == nil)
        #expect(try row.optionalInt("n") == nil)
    }

    @Test(arguments: [
        "0", "1", "-1", "10000", "0.0001", "-0.00", "123456789012345678901234567890.123456789", "1e-20", "1e20",
        "99999999.99990000", "NaN", "Infinity", "-Infinity", "9223372036854775807", "10000000000000000",
    ])
    func `a numeric comes back as the server prints it`(_ text: String) async throws {
        let row = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.query("SELECT $1::numeric AS n, $1::numeric::text AS t", [.text(text)])[0]
            }
        }
        #expect(try row.text("n") == row.text("t"))
    }

    @Test func `a whole numeric reads as int, as the sum of bigints is one`() async throws {
        let row = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.query("SELECT sum(v) AS s FROM (VALUES (9223372036854775806::bigint), (1)) x(v)")[0]
            }
        }
        #expect(try row.int("s") == .max)
    }

    @Test func `wrong type, null, missing column and unknown type are errors with a name`() async throws {
        try await TestDatabase.withPool { pool in
            let row = try await pool.withSession { try $0.query("SELECT 1 AS a, NULL::text AS b")[0] }
            #expect(throws: PostgresError.self) { try row.text("a") }
            #expect(throws: PostgresError.self) { try row.text("b") }
            #expect(throws: PostgresError.self) { try row.int("c") }
            #expect(throws: PostgresError.self) { try row.int(at: 2) }
            #expect(throws: PostgresError.self) { try row.int(at: -1) }
            let error = await failure { () throws(PostgresError) in
                try await pool.withSession { try $0.query("SELECT '{1}'::int[] AS list") }
            }
            guard case .unsupportedType(1007, "list") = error else {
                Issue.record("got \(String(describing: error))")
                return
            }
            let answers = try await pool.answers()
            #expect(answers)
        }
    }
}

private func kind(_ value: PostgresValue) -> String {
    switch value {
    case .null: "null"
    case .int: "int"
    case .double: "double"
    case .text: "text"
    case .bytes: "bytes"
    case .bool: "bool"
    }
}
