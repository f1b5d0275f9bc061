/// Everything that can go wrong between this process and a PostgreSQL server.
///
/// `description` is made for logs: it holds no password, no SQL, no parameter and no row data. What the server said
/// in full is in `PostgresServerError.message` and `.detail`, for those who decide to look.
package enum PostgresError: Error, Sendable {
    /// The URL or an option cannot be used. Nothing was sent.
    case configuration(String)
    /// No connection could be opened: the server is down, starting, full, or cannot be reached. Nothing was sent.
    case unavailable(String)
    /// The server refused the credentials. Nothing was sent.
    case authentication(String)
    /// An open connection was lost. A transaction is rolled back by the server; of a single statement outside a
    /// transaction it is unknown whether it took effect.
    case connection(String)
    /// The statement or the call was not done within this time. The server was asked to stop; the connection is gone.
    case timeout(Duration)
    /// All connections stayed busy until the caller's deadline, or too many callers wait already. Nothing was sent.
    case poolExhausted
    /// The calling task was cancelled while it waited for a connection. Nothing was sent.
    case cancelled
    /// The pool is shutting down or shut down. Nothing was sent.
    case shutDown
    /// The server answered with an error; the connection is fine.
    case server(PostgresServerError)
    /// The connection was lost while COMMIT was under way: the transaction took effect wholly or not at all.
    case commitUnknown(String)
    /// A parameter or an SQL text that cannot be sent: NUL in text, more than 65 535 parameters, a value past 1 GiB.
    case parameter(String)
    /// A value that is not what the caller asked for: missing column, wrong type, NULL, out of range.
    case decoding(column: String, reason: String)
    /// A result column of a type this client does not decode; cast it in the SQL, for instance `::text`.
    case unsupportedType(oid: UInt32, column: String)
    /// The server or the body did what the protocol of this client has no place for (COPY, a COMMIT in the body).
    case unexpected(String)
    /// What the caller's closure threw, as it threw it. A transaction was rolled back.
    case body(any Error)
}

extension PostgresError {
    /// Whether the cause is transient, so that the same call may succeed later without any change.
    ///
    /// False for `commitUnknown`: only the caller knows whether doing it twice is harmless.
    package var isRetryable: Bool {
        switch self {
        case .unavailable, .connection, .timeout, .poolExhausted: true
        case .server(let error): error.isRetryable
        case .configuration, .authentication, .cancelled, .shutDown, .commitUnknown, .parameter, .decoding,
            .unsupportedType, .unexpected, .body:
            false
        }
    }

    /// A metric label out of a small closed set; server errors are labelled by the class of their SQLSTATE.
    package var label: String {
        switch self {
        case .configuration: "configuration"
        case .unavailable: "unavailable"
        case .authentication: "authentication"
        case .connection: "connection"
        case .timeout: "timeout"
        case .poolExhausted: "pool_exhausted"
        case .cancelled: "cancelled"
        case .shutDown: "shut_down"
        case .server(let error): "server_\(error.sqlState.prefix(2))"
        case .commitUnknown: "commit_unknown"
        case .parameter: "parameter"
        case .decoding: "decoding"
        case .unsupportedType: "unsupported_type"
        case .unexpected: "unexpected"
        case .body: "body"
        }
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .configuration(let reason): "PostgreSQL configuration: \(reason)"
        case .unavailable(let reason): "PostgreSQL is unavailable: \(reason)"
        case .authentication(let reason): "PostgreSQL refused the credentials: \(reason)"
        case .connection(let reason): "connection to PostgreSQL lost: \(reason)"
        case .timeout(let limit): "PostgreSQL did not answer within \(limit)"
        case .poolExhausted: "no PostgreSQL connection became free in time"
        case .cancelled: "cancelled while waiting for a PostgreSQL connection"
        case .shutDown: "the PostgreSQL pool is shut down"
        case .server(let error): error.description
        case .commitUnknown(let reason): "it is unknown whether the transaction was committed: \(reason)"
        case .parameter(let reason): "PostgreSQL parameter refused: \(reason)"
        case .decoding(let column, let reason): "column \(column): \(reason)"
        case .unsupportedType(let oid, let column): "column \(column) has type oid \(oid): cast it in the SQL"
        case .unexpected(let reason): "unexpected in the PostgreSQL protocol: \(reason)"
        case .body(let error): "thrown inside the PostgreSQL call: \(type(of: error))"
        }
    }
}
