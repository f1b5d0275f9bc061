import Testing

@testable import JobCore

@Suite struct `Enqueue error` {
    private static let causes: [(EnqueueError.Cause, Bool)] = [
        (.publish(.queueFull), true), (.publish(.unconfirmed), true), (.publish(.brokerBlocked("memory")), true),
        (.publish(.unavailable("away")), true), (.publish(.unroutable("a.b")), false),
        (.publish(.refused("no")), false),
        (.store(.unavailable("away")), true), (.store(.busy("5 s")), true), (.store(.commitUnknown), true),
        (.store(.schema("old")), false), (.store(.constraint("c")), false), (.store(.decoding("d")), false),
        (.store(.refused("r")), false), (.store(.rolledBack), false), (.invalid("too large"), false),
    ]

    @Test func `says whether trying again helps, and with which id`() {
        for (cause, isRetryable) in Self.causes {
            let error = EnqueueError(cause, id: JobID())
            #expect(error.isRetryable == isRetryable, "\(cause)")
            #expect(!error.description.isEmpty)
            if case .publish = cause, isRetryable { #expect(error.description.contains("\(error.id)")) }
        }
    }

    @Test func `has a bounded label`() {
        for (cause, _) in Self.causes {
            let label = EnqueueError(cause, id: JobID()).label
            #expect(label.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "_") })
        }
    }
}
