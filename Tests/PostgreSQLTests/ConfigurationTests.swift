import PostgreSQL
import Testing

@Suite struct `A configuration` {
    @Test func `names the place and never the password`() throws {
        let configuration = try PostgresConfiguration(
            url: "postgres://jobs:s3cret%40@db1:5433,db2:5434/app?sslmode=require&target_session_attrs=read-write"
        )
        #expect(configuration.description == "postgresql://jobs@db1:5433,db2:5434/app")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [dumped, "\(configuration)", String(reflecting: configuration)] {
            #expect(!text.contains("s3cret"))
        }
    }

    @Test(arguments: [
        "mysql://jobs:s3cret@db/app", "jobs:s3cret@db/app", "postgres://jobs:s3cret%zz@db/app",
        "postgres://jobs:s3cret@db/app?nonsense=s3cret", "postgres://jobs:s3cret@db/app?connect_timeout=s3cret",
        "postgres://jobs:s3cret@[::1/app", "host=db password=s3cret", "",
    ])
    func `an unusable URL is refused without quoting the password`(_ url: String) throws {
        let error = #expect(throws: PostgresError.self) { try PostgresConfiguration(url: url) }
        #expect(error?.label == "configuration")
        #expect(!String(describing: error).contains("s3cret"))
    }

    @Test func `options of the URL have precedence`() throws {
        let configuration = try PostgresConfiguration(url: "postgresql://h/d?connect_timeout=3&application_name=api")
        #expect(configuration.connectTimeout == .seconds(3))
        #expect(configuration.applicationName == "api")
    }

    @Test func `names the application and the search path on the server`() async throws {
        var configuration = try TestDatabase.configuration()
        configuration.applicationName = "name of the test"
        configuration.searchPath = ["plain", #"odd "name"#]
        let pool = PostgresPool(configuration, logger: TestDatabase.quiet)
        let row = try await pool.rows(
            "SELECT current_setting('application_name') AS a, current_setting('search_path') AS s"
        )[0]
        await pool.shutdown()
        #expect(try row.text("a") == "name of the test")
        #expect(try row.text("s") == #"plain, "odd ""name""#)
    }
}
