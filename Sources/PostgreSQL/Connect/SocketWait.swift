#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Waiting for a socket with a limit. Runs on a connection's own thread only: it blocks.
enum SocketWait {
    struct Interest: OptionSet {
        let rawValue: Int16
        static let readable = Interest(rawValue: Int16(POLLIN))
        static let writable = Interest(rawValue: Int16(POLLOUT))
    }

    /// What the socket is ready for, or nil when the limit came first. An error or a hang-up counts as ready for
    /// everything that was asked: the next read or write tells which.
    static func until(_ limit: ContinuousClock.Instant, _ socket: Int32, _ interest: Interest) -> Interest? {
        while true {
            let left = ContinuousClock.now.duration(to: limit)
            var entry = pollfd(fd: socket, events: interest.rawValue, revents: 0)
            let count = poll(&entry, 1, left.wholeMilliseconds)
            if count > 0 {
                let ready = Interest(rawValue: entry.revents).intersection(interest)
                return ready.isEmpty ? interest : ready
            }
            if count == 0, left <= .zero || ContinuousClock.now >= limit { return nil }
            if count < 0, errno != EINTR { return interest }
        }
    }
}
