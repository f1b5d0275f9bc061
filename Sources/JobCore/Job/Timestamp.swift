import Foundation

/// An instant in milliseconds since 1970-01-01T00:00:00Z, the only form in which instants travel between processes.
///
/// `Date` is a binary fraction and loses milliseconds (`.123` prints `.122`), so no instant passes through one.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// This process's wall clock. Instants that several processes compare come from the store's `now_ms()` instead.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// The end of the year 9999, the last instant that is taken from outside: sums and differences of instants up to it
    /// overflow nowhere, in no database either.
    package static let latest = Timestamp(milliseconds: 253_402_300_799_999)

    /// The nearest instant between the epoch and `latest`.
    package var bounded: Timestamp {
        min(max(self, Timestamp(milliseconds: 0)), Timestamp.latest)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Saturates instead of overflowing: either side may come from a peer.
    public func advanced(by duration: Duration) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(duration.milliseconds)
        return Timestamp(milliseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    public func duration(since earlier: Timestamp) -> Duration {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return .milliseconds(overflow ? (milliseconds < 0 ? .min : .max) : difference)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds, as every `--json` answer prints instants.
    public var description: String {
        let seconds = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let wholeSeconds = seconds.remainder < 0 ? seconds.quotient - 1 : seconds.quotient
        let fraction = seconds.remainder < 0 ? seconds.remainder + 1000 : seconds.remainder
        var time = time_t(wholeSeconds)
        var fields = tm()
        gmtime_r(&time, &fields)
        func digits(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: Swift.max(0, width - text.count)) + text
        }
        let day =
            "\(digits(Int(fields.tm_year) + 1900, 4))-\(digits(Int(fields.tm_mon) + 1, 2))-\(digits(Int(fields.tm_mday), 2))"
        let clock =
            "\(digits(Int(fields.tm_hour), 2)):\(digits(Int(fields.tm_min), 2)):\(digits(Int(fields.tm_sec), 2))"
        return "\(day)T\(clock).\(digits(Int(fraction), 3))Z"
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; saturates at the ends of `Int64`.
    public var milliseconds: Int64 {
        let parts = components
        let (scaled, overflow) = parts.seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return parts.seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(parts.attoseconds / 1_000_000_000_000_000)
        return carried ? (parts.seconds < 0 ? .min : .max) : sum
    }

    /// Seconds with their fraction, for figures that people and `--json` read.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
