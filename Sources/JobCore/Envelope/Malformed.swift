/// Why a message cannot be a job. It becomes a dead letter with this as its error.
package struct Malformed: Error, Sendable, Equatable {
    /// Bounded, for groups and metrics: `malformed_header`, `malformed_type`, `malformed_payload`, …
    package let label: String
    package let message: String

    package init(_ label: String, _ message: String) {
        self.label = label
        self.message = message
    }

    package static func header(_ name: String, expected: String) -> Malformed {
        Malformed("malformed_header", "header \(name) must be \(expected)")
    }
}
