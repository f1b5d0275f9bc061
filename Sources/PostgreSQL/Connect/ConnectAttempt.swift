import CPostgreSQL
import Logging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Opening one connection: TCP, TLS, authentication. Blocks its thread, at most until the limit (and the resolver's).
enum ConnectAttempt {
    static func open(
        _ configuration: PostgresConfiguration,
        until limit: ContinuousClock.Instant,
        logger: Logger
    ) throws(ConnectFailure) -> ConnectionHandle {
        guard let pointer = start(configuration.connectionParameters) else {
            throw .unavailable("libpq is out of memory")
        }
        let handle = ConnectionHandle(adopting: pointer, logger: logger)
        PQsetErrorVerbosity(handle.pointer, PQERRORS_VERBOSE)
        guard PQstatus(handle.pointer) != CONNECTION_BAD else { throw ConnectFailure(message: handle.lastMessage) }

        var polling = PGRES_POLLING_WRITING
        while polling != PGRES_POLLING_OK {
            guard polling != PGRES_POLLING_FAILED else { throw ConnectFailure(message: handle.lastMessage) }
            let interest: SocketWait.Interest = polling == PGRES_POLLING_READING ? .readable : .writable
            // libpq may open another socket at each step, as it goes through hosts and addresses.
            guard SocketWait.until(limit, PQsocket(handle.pointer), interest) != nil else {
                throw .unavailable("no answer within the connect timeout")
            }
            polling = PQconnectPoll(handle.pointer)
        }
        PQsetErrorVerbosity(handle.pointer, PQERRORS_DEFAULT)
        guard PQsetnonblocking(handle.pointer, 1) == 0 else { throw ConnectFailure(message: handle.lastMessage) }
        return handle
    }

    private static func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        let keywords = parameters.map { strdup($0.keyword) }
        let values = parameters.map { strdup($0.value) }
        defer { for string in keywords + values { free(string) } }
        let constant = { (strings: [UnsafeMutablePointer<CChar>?]) in strings.map { UnsafePointer($0) } + [nil] }
        return PQconnectStartParams(constant(keywords), constant(values), 0)
    }
}
