import JobCore

/// What a provider's answer means for one device.
enum PushVerdict: Sendable, Equatable {
    /// Taken, under the provider's own id.
    case sent(String)
    /// The app is not there any more, as the provider knows since then: the token goes unless it was registered again
    /// later. Nil: as of now.
    case gone(since: Timestamp?)
    /// Never for this device; the token stays.
    case refused(label: String, String)
    /// Perhaps later; nil: when the policy says.
    case later(after: Duration?, label: String, String)
    /// The provider does not serve us: nothing is wrong with the message.
    case down(label: String, String)
}

extension PushVerdict {
    /// Whether a failure of this label left open if the provider took the message.
    static func mayHaveArrived(_ label: String) -> Bool {
        label.hasSuffix("_interrupted") || label.hasSuffix("_timeout") || label == "cancelled"
    }
}

/// Where pushes go. Each device is tried once.
protocol PushProvider: Sendable {
    /// As `depends_on` in the manifest names it.
    var dependency: String { get }

    /// - Parameter id: the same for every attempt.
    func send(_ content: PushContent, to device: Device, id: JobID) async -> PushVerdict
}
