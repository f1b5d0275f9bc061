/// What `alerts:` in the manifest declares: limits, who is told, and when the next one is.
package struct AlertDeclaration: Sendable, Equatable {
    package struct Receiver: Sendable, Equatable {
        package enum Kind: String, Sendable, CaseIterable {
            case alertmanager, slack, pagerduty, webhook, email
        }

        package let name: String
        package let kind: Kind
        /// The environment variable that holds its address or key; without a value the receiver is off. For e-mail nil.
        package var source: String?
        /// E-mail addresses.
        package var to: [String] = []

        package init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    package var receivers: [String: Receiver] = [:]
    package var policy = AlertPolicy()
    /// By queue, instead of its `lag_threshold`.
    package var lagThresholds: [String: Duration] = [:]
    /// A breach that is nearer than this is told before it comes. Default 2 min.
    package var notice: Duration = .seconds(120)
    /// New letters of a queue within five minutes. Default 1.
    package var deadGrowth = 1
    /// Share of attempts that die, over five minutes. Default 1 %.
    package var failureRatio = 0.01
    /// Free space below which the disk is low, of the file's disk. Default 1 GiB.
    package var diskFree: Int64 = 1 << 30

    package init() {}
}
