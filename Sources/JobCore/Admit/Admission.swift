/// What a job asks for before it may run: to be one of many that run as one, or to be the only one of its kind.
///
/// Keys are a name within the job type: `venue:42` of one type says nothing about another's.
package enum Admission: Sendable, Equatable {
    /// Runs once `wait` has passed without another event of the key, `maximum` after the first one at the latest; the
    /// last payload wins. `leading`: the first event after a quiet time runs at once, and only what follows it waits.
    case debounce(key: String, wait: Duration, maximum: Duration?, leading: Bool)
    /// Runs at once, then at most once an interval: what comes in between runs as one at the end of it, with the last
    /// payload. Nothing is dropped.
    case throttle(key: String, interval: Duration)
    /// Another job of the key is a duplicate and does not run, until the key is free again.
    case unique(key: String, mode: UniqueMode, lasting: Duration)

    var key: String {
        switch self {
        case .debounce(let key, _, _, _), .throttle(let key, _), .unique(let key, _, _): key
        }
    }
}

/// When the key of a unique job is free for another.
public enum UniqueMode: String, Sendable, CaseIterable {
    /// When an attempt of the job begins.
    case untilStarted = "until_started"
    /// When the job is done, dead, or cancelled. The default.
    case untilDone = "until_done"
    /// When its time has passed, whatever became of the job.
    case window
}

extension Admission {
    /// How long a unique key is held at most, unless the enqueue says otherwise: what a job that is lost for good holds up.
    package static let uniqueLasting: Duration = .seconds(86_400)
    /// Longest key, in bytes of UTF-8. The origin of a unique job carries it, and headers are at most 512.
    package static let maximumKeyBytes = 256
    /// 366 days, as for every duration of the wire contract.
    private static let longest: Duration = .milliseconds(31_622_400_000)

    /// Checks what a producer asked for; the message says what is wrong with it.
    func checked() throws(Malformed) -> Admission {
        guard !key.isEmpty, key.utf8.count <= Admission.maximumKeyBytes,
            key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw Malformed(
                "malformed_key",
                "a key has 1 to \(Admission.maximumKeyBytes) bytes and no control characters"
            )
        }
        switch self {
        case .debounce(_, let wait, let maximum, _):
            try Admission.check(wait, "the wait of a debounce")
            if let maximum {
                try Admission.check(maximum, "the longest wait of a debounce")
                guard maximum >= wait else {
                    throw Malformed("malformed_debounce", "the longest wait of a debounce is shorter than its wait")
                }
            }
        case .throttle(_, let interval): try Admission.check(interval, "the interval of a throttle")
        case .unique(_, _, let lasting): try Admission.check(lasting, "the time of a unique key")
        }
        return self
    }

    private static func check(_ duration: Duration, _ what: String) throws(Malformed) {
        guard (.milliseconds(1)...longest).contains(duration) else {
            throw Malformed("malformed_duration", "\(what) must be 1 ms to 366 days")
        }
    }
}

extension Admission {
    /// Nil when the headers ask for nothing of the kind.
    package init?(_ headers: Headers) throws(Malformed) {
        func text(_ name: String) -> String? { headers[name]?.string }
        func duration(_ name: String) -> Duration? { headers[name]?.integer.map { .milliseconds($0) } }
        func partner<T>(_ value: T?, _ name: String, of key: String) throws(Malformed) -> T {
            guard let value else { throw .header(name, expected: "given with \(key)") }
            return value
        }
        var asked: [Admission] = []
        if let key = text(HeaderName.debounceKey) {
            asked.append(
                .debounce(
                    key: key,
                    wait: try partner(duration(HeaderName.debounce), HeaderName.debounce, of: HeaderName.debounceKey),
                    maximum: duration(HeaderName.debounceMax),
                    leading: headers[HeaderName.debounceLeading] == .bool(true)
                )
            )
        } else if headers[HeaderName.debounce] != nil {
            _ = try partner(nil as Never?, HeaderName.debounceKey, of: HeaderName.debounce)
        }
        if let key = text(HeaderName.throttleKey) {
            let interval = try partner(duration(HeaderName.throttle), HeaderName.throttle, of: HeaderName.throttleKey)
            asked.append(.throttle(key: key, interval: interval))
        } else if headers[HeaderName.throttle] != nil {
            _ = try partner(nil as Never?, HeaderName.throttleKey, of: HeaderName.throttle)
        }
        if let key = text(HeaderName.uniqueKey) {
            let mode = text(HeaderName.uniqueMode).flatMap(UniqueMode.init(rawValue:)) ?? .untilDone
            asked.append(
                .unique(key: key, mode: mode, lasting: duration(HeaderName.unique) ?? Admission.uniqueLasting)
            )
        }
        guard asked.count <= 1 else { throw Admission.tooMany }
        guard let admission = try asked.first?.checked() else { return nil }
        self = admission
    }

    static let tooMany = Malformed("malformed_admission", "a job is either debounced, throttled or unique: ask for one")

    /// Whether any header asks: nearly always false, and cheap then.
    static func isAsked(by headers: Headers) -> Bool {
        !headers.isEmpty
            && (headers[HeaderName.debounceKey] != nil || headers[HeaderName.debounce] != nil
                || headers[HeaderName.throttleKey] != nil || headers[HeaderName.throttle] != nil
                || headers[HeaderName.uniqueKey] != nil)
    }
}
