import Logging
import PostgreSQL
import ServiceLifecycle
import Synchronization
import Testing

@Suite(.serialized) struct `A pool` {
    @Test func `serves 200 callers at once over 4 connections`() async throws {
        let (sum, most) = try await TestDatabase.withPool { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (n int8); INSERT INTO t VALUES (0)") }
            let backends = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await pool.transaction { session in
                            try session.execute("UPDATE t SET n = n + 1")
                            return try session.query("SELECT pg_backend_pid() AS p")[0].int("p")
                        }
                    }
                }
                return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
            }
            let sum = try await pool.withSession { try $0.query("SELECT n FROM t")[0].int("n") }
            return (sum, backends.count)
        }
        #expect(sum == 200)
        #expect((1...4).contains(most))
    }

    @Test func `uses one connection for one caller after another`() async throws {
        let backends = try await TestDatabase.withPool { pool in
            var backends: Set<Int64> = []
            for _ in 0..<50 {
                backends.insert(try await pool.withSession { try $0.query("SELECT pg_backend_pid() AS p")[0].int("p") })
            }
            return backends
        }
        #expect(backends.count == 1)
    }

    @Test func `does not hold up the cooperative threads while its connections wait`() async throws {
        let (late, slept) = try await TestDatabase.withPool { pool in
            let done = Mutex(false)
            async let ticker = {
                var late = Duration.zero
                while !done.withLock({ $0 }) {
                    let due = ContinuousClock.now + .milliseconds(10)
                    try await Task.sleep(until: due, clock: .continuous)
                    late = max(late, due.duration(to: .now))
                }
                return late
            }()
            let slept = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await pool.withSession { try $0.query("SELECT pg_sleep(1)").count } }
                }
                return try await group.reduce(0, +)
            }
            done.withLock { $0 = true }
            return (try await ticker, slept)
        }
        #expect(slept == 4)
        // Blocked threads would make it up to a second; a busy machine makes it some milliseconds.
        #expect(late < .milliseconds(400))
    }

    @Test func `gives up on a slow statement in time and asks the server to stop it`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let start = ContinuousClock.now
            let error = await failure { () throws(PostgresError) in
                try await pool.withSession {
                    try $0.query("SELECT pg_sleep(30) /* slow */", timeout: .milliseconds(200))
                }
            }
            #expect(error?.label == "timeout")
            #expect(start.duration(to: .now) < .seconds(2))
            let running = """
                SELECT count(*) AS n FROM pg_stat_activity
                WHERE query LIKE 'SELECT pg_sleep(30) /* slow */%' AND state = 'active'
                """
            var left: Int64 = 1
            while left > 0, start.duration(to: .now) < .seconds(4) {
                left = try await pool.withSession { try $0.query(running)[0].int("n") }
            }
            #expect(left == 0)
        }
    }

    @Test func `gives up on the whole call at the caller's deadline`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let start = ContinuousClock.now
            let error = await failure { () throws(PostgresError) in
                try await pool.transaction(deadline: .milliseconds(300)) { session in
                    for _ in 0..<100 { _ = try session.query("SELECT pg_sleep(0.02)") }
                }
            }
            #expect(error?.label == "timeout")
            #expect(start.duration(to: .now) < .seconds(2))
            let answers = try await pool.answers()
            #expect(answers)
        }
    }

    @Test func `turns callers away when they wait too long or are too many`() async throws {
        try await TestDatabase.withPool(size: 1, maximumWaiters: 1) { pool in
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            async let busy = pool.withSession { session in
                start.yield()
                return try session.query("SELECT pg_sleep(1)").count
            }
            for await _ in started { break }
            async let waiting = failure { () throws(PostgresError) in
                try await pool.withSession(deadline: .milliseconds(200)) { try $0.execute("SELECT 1") }
            }
            // One of the two finds the only place in the line taken.
            let other = await failure { () throws(PostgresError) in
                try await pool.withSession(deadline: .milliseconds(200)) { try $0.execute("SELECT 1") }
            }
            #expect(other?.label == "pool_exhausted")
            let first = await waiting
            #expect(first?.label == "pool_exhausted")
            let finished = try await busy
            #expect(finished == 1)
        }
    }

    @Test func `lets a cancelled caller go while it waits`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            async let busy = pool.withSession { session in
                start.yield()
                return try session.query("SELECT pg_sleep(0.5)").count
            }
            for await _ in started { break }
            let waiting = Task {
                await failure { () throws(PostgresError) in try await pool.withSession { try $0.execute("SELECT 1") } }
            }
            waiting.cancel()
            let error = await waiting.value
            #expect(error?.label == "cancelled")
            let finished = try await busy
            #expect(finished == 1)
        }
    }

    @Test func `at shutdown refuses those who wait and lets the running call finish`() async throws {
        let pool = PostgresPool(
            try {
                var c = try TestDatabase.configuration()
                c.poolSize = 1
                return c
            }(),
            logger: TestDatabase.quiet
        )
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        async let busy = pool.withSession { session in
            start.yield()
            return try session.query("SELECT pg_sleep(0.5)").count
        }
        for await _ in started { break }
        let refused = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    await failure { () throws(PostgresError) in
                        try await pool.withSession { try $0.execute("SELECT 1") }
                    }?
                    .label
                }
            }
            group.addTask {
                await pool.shutdown()
                return nil
            }
            return await group.reduce(into: [String]()) { if let label = $1 { $0.append(label) } }
        }
        #expect(refused == Array(repeating: "shut_down", count: 10))
        let finished = try await busy
        #expect(finished == 1)
        await pool.shutdown()
    }

    @Test func `is a service that ends with its group`() async throws {
        let pool = PostgresPool(try TestDatabase.configuration(), logger: TestDatabase.quiet)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: pool)], logger: TestDatabase.quiet)
        )
        async let running: Void = group.run()
        try await pool.start()
        await group.triggerGracefulShutdown()
        try await running
        let error = await failure { () throws(PostgresError) in try await pool.start() }
        #expect(error?.label == "shut_down")
    }
}

extension PostgresPool {
    func answers() async throws(PostgresError) -> Bool {
        try await withSession { try $0.query("SELECT 1 AS n")[0].int("n") == 1 }
    }

    func rows(_ sql: String) async throws(PostgresError) -> [PostgresRow] {
        try await withSession { try $0.query(sql) }
    }
}
