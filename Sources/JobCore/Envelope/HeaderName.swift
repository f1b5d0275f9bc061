/// The headers of the wire contract.
package enum HeaderName {
    package static let version = "x-job-version"
    package static let attempt = "x-job-attempt"
    package static let enqueuedAt = "x-job-enqueued-at"
    package static let readyAt = "x-job-ready-at"
    package static let delay = "x-job-delay-ms"
    package static let expiresAt = "x-job-expires-at"
    package static let debounceKey = "x-job-debounce-key"
    package static let debounce = "x-job-debounce-ms"
    package static let debounceMax = "x-job-debounce-max-ms"
    package static let debounceLeading = "x-job-debounce-leading"
    package static let throttleKey = "x-job-throttle-key"
    package static let throttle = "x-job-throttle-ms"
    package static let uniqueKey = "x-job-unique-key"
    package static let uniqueMode = "x-job-unique-mode"
    package static let unique = "x-job-unique-ms"
    package static let origin = "x-job-origin"
    package static let replayOperation = "x-job-replay-op"
    /// Ours alone: when this build first saw a name or version that it does not know.
    package static let unknownSince = "x-job-unknown-since"
    /// Ours alone: the job was running alone when somebody ended its process; it runs alone again.
    package static let alone = "x-job-alone"
    /// Ours alone: an attempt of the job, when it begins, frees its unique key.
    package static let freesAtStart = "x-job-unique-frees-at-start"
    /// Ours alone: limits whose share the job has got already, separated by commas.
    package static let reserved = "x-job-reserved"
    /// Ours alone, of a cancelled job that is kept: when it was due.
    package static let wasDue = "x-job-was-due"
    package static let traceparent = "traceparent"
    package static let tracestate = "tracestate"

    /// Acted on at the first consume and stripped when the job comes back.
    package static let actedOnOnce = [
        delay, debounceKey, debounce, debounceMax, debounceLeading, throttleKey, throttle, uniqueKey, uniqueMode,
        unique,
    ]

    /// Broker bookkeeping that must never be republished: an old `x-death` makes a later dead-lettering a "cycle".
    package static func isBrokerBookkeeping(_ name: String) -> Bool {
        name.hasPrefix("x-death") || name.hasPrefix("x-first-death-") || name.hasPrefix("x-last-death-")
            || name == "x-delivery-count" || name == "x-acquired-count"
    }
}
