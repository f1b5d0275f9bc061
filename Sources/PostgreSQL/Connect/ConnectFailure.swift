/// Why no connection could be opened.
enum ConnectFailure: Error, Equatable {
    case unavailable(String)
    case authentication(String)

    /// The class of the SQLSTATE decides, because the server's words may be in any language.
    init(message: String) {
        let state = Self.lastSQLState(in: message)
        self = state?.hasPrefix("28") == true ? .authentication(message) : .unavailable(message)
    }

    var error: PostgresError {
        switch self {
        case .unavailable(let reason): .unavailable(reason)
        case .authentication(let reason): .authentication(reason)
        }
    }

    /// libpq has no SQLSTATE for a failed connect except inside its verbose message: `FATAL:  28P01: password …`.
    private static func lastSQLState(in message: String) -> Substring? {
        message.matches(of: #/:[ ]{2}(?<state>[0-9A-Z]{5}):[ ]/#).last?.output.state
    }
}
