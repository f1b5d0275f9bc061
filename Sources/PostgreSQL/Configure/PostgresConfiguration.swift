import CPostgreSQL

/// Where the server is and how it is used. No description, dump or error of it shows the password.
package struct PostgresConfiguration: Sendable {
    /// libpq's connection parameters as the URL gave them; passwords among them.
    let parameters: [String: String]

    /// For one host, from the first packet to the ready session. Default 5 s, or the URL's `connect_timeout`.
    /// The resolver's own timeout comes on top where a host name has to be looked up.
    package var connectTimeout: Duration
    /// For one statement where the call names none. Default 10 s.
    package var statementTimeout: Duration = .seconds(10)
    /// For one call (waiting for a connection, every statement, every re-run) where it names none. Default 30 s.
    package var callTimeout: Duration = .seconds(30)
    /// Seen in pg_stat_activity. Default `checkin-jobs`, or the URL's `application_name`.
    package var applicationName: String
    /// Set on each connection, first has precedence. Default empty: the server's own.
    package var searchPath: [String] = []
    /// Run-time settings of each connection, by name.
    package var settings: [String: String] = [:]
    /// Connections, each with a thread of its own; at least 1. Default 4.
    package var poolSize: Int = 4
    /// Callers that may wait for a connection; one more gets `.poolExhausted` at once. Default 1 000.
    package var maximumWaiters: Int = 1_000

    /// - Parameter url: `postgres://user:password@host:port,host2:port/database?sslmode=…`, or `postgresql://…`; every
    ///   parameter libpq knows may follow the question mark. What it leaves out comes from libpq's environment.
    /// - Throws: `.configuration`.
    package init(url: String) throws(PostgresError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw .configuration("the URL must begin with postgres:// or postgresql://")
        }
        guard !url.utf8.contains(0) else { throw .configuration("the URL has a NUL in it") }
        // libpq's own message may quote the password, so it is not asked for.
        guard let options = PQconninfoParse(url, nil) else {
            throw .configuration(
                "the URL cannot be read: special characters in user, password and database must be percent-encoded, "
                    + "and parameters must be those of libpq"
            )
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        self.parameters = parameters
        applicationName = parameters["application_name"] ?? "checkin-jobs"
        connectTimeout = .seconds(5)
        if let text = parameters["connect_timeout"] {
            guard let seconds = Int(text), (1...3_600).contains(seconds) else {
                throw .configuration("connect_timeout must be 1…3600 seconds")
            }
            connectTimeout = .seconds(seconds)
        }
    }
}

extension PostgresConfiguration {
    var hosts: [String] { list("host") }

    private func list(_ keyword: String) -> [String] {
        (parameters[keyword] ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    /// What is handed to libpq, in a fixed order.
    var connectionParameters: [(keyword: String, value: String)] {
        var all = parameters
        all["application_name"] = applicationName
        all["client_encoding"] = "UTF8"
        // A peer that vanished without a word is noticed by the kernel too, while no statement is watching.
        let silence = [
            "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
            // Also bounds the connect to a silent host, so that the next of several gets its turn.
            "tcp_user_timeout": "\(connectTimeout.wholeMilliseconds)",
        ]
        all.merge(silence) { given, _ in given }
        return all.sorted { $0.key < $1.key }.map { (keyword: $0.key, value: $0.value) }
    }

    /// Sent once on each new connection.
    var preamble: String {
        var statements = [
            // The server stops working for a client that has hung up on it.
            "SET client_connection_check_interval = 5000",
            // The locks of a client that vanished or was stopped in mid-transaction are given back, and it cannot commit
            // when it wakes: sooner than anybody takes its work over.
            "SET idle_in_transaction_session_timeout = 10000",
            "SET TIME ZONE 'UTC'",
        ]
        if !searchPath.isEmpty {
            let names = searchPath.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }
            statements.append("SET search_path TO " + names.joined(separator: ", "))
        }
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            statements.append("SET \(name) = '\(value.replacing("'", with: "''"))'")
        }
        return statements.joined(separator: "; ")
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `postgresql://user@host:port/database`, without password and parameters.
    package var description: String {
        let ports = list("port")
        let places = hosts.enumerated().map { index, host in
            let port = ports.indices.contains(index) ? ports[index] : ports.last ?? ""
            return port.isEmpty ? host : "\(host):\(port)"
        }
        let user = parameters["user"].map { "\($0)@" } ?? ""
        return "postgresql://\(user)\(places.joined(separator: ","))/\(parameters["dbname"] ?? "")"
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

extension Duration {
    /// Rounded up, never negative, at most what fits an Int32.
    var wholeMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return Int32(seconds) * 1_000 + Int32((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
