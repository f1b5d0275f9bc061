import Foundation

/// What is wrong with one field of a job that came as JSON.
package struct FieldError: Error, Sendable, Equatable {
    package let field: String
    package let message: String

    package init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }
}

/// How a job is enqueued, as the members of a JSON object: a line of `--ndjson`, a request over HTTP and a row of the outbox
/// spell it alike. The payload is the caller's matter.
package struct EnqueueFields {
    /// Every member but the payload's and the name's.
    package static let names = [
        "id", "lane", "delay_ms", "expires_at_ms", "version", "traceparent", "debounce_key", "debounce_ms",
        "debounce_max_ms", "debounce_leading", "throttle_key", "throttle_ms", "unique_key", "unique_mode", "unique_ms",
    ]
    /// 366 days, as for every duration of the wire contract.
    package static let longest: Int64 = 31_622_400_000

    private let members: [String: Any]

    /// - Parameter others: members that are somebody else's matter.
    package init(_ members: [String: Any], others: [String] = []) throws(FieldError) {
        let known = EnqueueFields.names + others
        if let unknown = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw FieldError(unknown, "unknown; \(NearestWord.advice(unknown, known))")
        }
        self.members = members.filter { !($0.value is NSNull) }
    }

    package func version() throws(FieldError) -> Int? {
        try number("version", 1...1_000_000).map { Int($0) }
    }

    package func options() throws(FieldError) -> [EnqueueOption] {
        var options: [EnqueueOption] = []
        if let id = try text("id", JobID.init, "a UUID") { options.append(.id(id)) }
        if let lane = try text("lane", { Lane(rawValue: $0) }, "high, normal or bulk") { options.append(.lane(lane)) }
        if let delay = try duration("delay_ms") { options.append(.delay(delay)) }
        if let expiry = try number("expires_at_ms", 0...Timestamp.latest.milliseconds) {
            options.append(.expires(Timestamp(milliseconds: expiry).duration(since: .now())))
        }
        if let parent = try text("traceparent", { $0.utf8.count <= 512 ? $0 : nil }, "a short text") {
            options.append(.traceparent(parent))
        }
        if let key = try key("debounce_key", with: "debounce_ms") {
            let wait = try required(duration("debounce_ms"), "debounce_ms", with: "debounce_key")
            let leading = try flag("debounce_leading") ?? false
            options.append(.debounce(key, wait, max: try duration("debounce_max_ms"), leading: leading))
        }
        if let key = try key("throttle_key", with: "throttle_ms") {
            options.append(
                .throttle(key, every: try required(duration("throttle_ms"), "throttle_ms", with: "throttle_key"))
            )
        }
        if let key = try key("unique_key", with: nil) {
            let modes = UniqueMode.allCases.map(\.rawValue).joined(separator: ", ")
            let mode = try text("unique_mode", UniqueMode.init(rawValue:), "one of \(modes)") ?? .untilDone
            options.append(.unique(key, mode, lasting: try duration("unique_ms")))
        }
        return options
    }

    private func key(_ name: String, with partner: String?) throws(FieldError) -> String? {
        guard let key = try text(name, { $0 }, "a text") else {
            if let partner, members[partner] != nil { throw FieldError(name, "must be given with \(partner)") }
            return nil
        }
        guard !key.isEmpty, key.utf8.count <= Admission.maximumKeyBytes else {
            throw FieldError(name, "must have 1 to \(Admission.maximumKeyBytes) bytes")
        }
        return key
    }

    private func required<T>(_ value: T?, _ name: String, with key: String) throws(FieldError) -> T {
        guard let value else { throw FieldError(name, "must be given with \(key)") }
        return value
    }

    private func duration(_ name: String) throws(FieldError) -> Duration? {
        try number(name, 0...EnqueueFields.longest).map { .milliseconds($0) }
    }

    private func flag(_ name: String) throws(FieldError) -> Bool? {
        guard let value = members[name] else { return nil }
        guard let flag = value as? NSNumber, flag.isFlag else { throw FieldError(name, "must be true or false") }
        return flag.boolValue
    }

    private func text<T>(_ name: String, _ read: (String) -> T?, _ expected: String) throws(FieldError) -> T? {
        guard let value = members[name] else { return nil }
        guard let text = value as? String, let read = read(text) else { throw FieldError(name, "must be \(expected)") }
        return read
    }

    private func number(_ name: String, _ range: ClosedRange<Int64>) throws(FieldError) -> Int64? {
        guard let value = members[name] else { return nil }
        guard let given = value as? NSNumber, !given.isFlag, let number = Int64(exactly: given.doubleValue),
            range.contains(number)
        else {
            throw FieldError(name, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension NSNumber {
    /// True and false come as numbers too, of the one kind that no number of a JSON text has: `char`.
    fileprivate var isFlag: Bool { objCType.pointee == CChar(UInt8(ascii: "c")) }
}
