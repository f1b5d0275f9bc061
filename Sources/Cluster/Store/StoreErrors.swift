import JobCore
import PostgreSQL

/// Runs a PostgreSQL call and says its error in the store's words.
func storeErrors<T>(_ body: () throws(PostgresError) -> T) throws(StoreError) -> T {
    do {
        return try body()
    } catch {
        throw StoreError(error)
    }
}

extension StoreError {
    /// A commit of unknown outcome is `commitUnknown`; what the body of a transaction threw comes out as it was.
    init(_ error: PostgresError) {
        switch error {
        case .body(let own as StoreError): self = own
        case .body: self = .rolledBack
        case .unavailable, .connection, .authentication, .shutDown, .cancelled: self = .unavailable(error.description)
        case .timeout, .poolExhausted: self = .busy(error.description)
        case .commitUnknown: self = .commitUnknown
        case .server(let server): self = StoreError(server)
        case .parameter, .unsupportedType, .unexpected, .configuration: self = .refused(error.description)
        case .decoding: self = .decoding(error.description)
        }
    }

    private init(_ error: PostgresServerError) {
        switch error.sqlState {
        case "42P01", "42703", "42883", "3F000":
            self = .schema("\(error.description): run `jobctl migrate apply`")
        case "42501": self = .forbidden(error.description)
        case let state where state.hasPrefix("23"):
            self = .constraint(error.constraint ?? error.description)
        case let state where state.hasPrefix("53") || state.hasPrefix("57P") || state.hasPrefix("08"):
            self = .unavailable(error.description)
        default:
            self = error.isRetryable ? .busy(error.description) : .refused(error.description)
        }
    }
}
