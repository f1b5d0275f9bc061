/// A replay as asked for.
package struct ReplayRequest: Sendable, Equatable {
    package var selector: Selector
    package var rules: Replay.Rules
    /// Jobs a second that become due; nil for all at once.
    package var rate: Double?
    package var care: ReplayCare
    package var actor: String
    package var reason: String?
    /// The selector in the operator's own words, for the audit.
    package var subject: String

    package init(
        selector: Selector,
        rules: Replay.Rules,
        rate: Double? = nil,
        care: ReplayCare = ReplayCare(),
        actor: String,
        reason: String? = nil,
        subject: String
    ) {
        self.selector = selector
        self.rules = rules
        self.rate = rate
        self.care = care
        self.actor = actor
        self.reason = reason
        self.subject = subject
    }
}

/// How a replay feels its way: a few letters first, more when those went well, and an end when too many fail again.
package struct ReplayCare: Sendable, Equatable, Codable {
    /// So many letters in all are under way before the outcome of every one of them is awaited.
    package enum Stage: Sendable, Equatable, Codable {
        case letters(Int)
        /// Of all that the selector means, above 0 and at most 1.
        case share(Double)

        func size(of total: Int) -> Int {
            switch self {
            case .letters(let count): count
            case .share(let share): share >= 1 ? .max : max(1, Int((Double(total) * share).rounded(.up)))
            }
        }
    }

    /// What share of the outcomes may be failures where nothing else was said.
    package static let defaultAbortAbove = 0.05

    /// Growing; the rest follows after the last one.
    package var stages: [Stage]
    /// The replay stops when more than this share of its outcomes are failures, 0…1; nil to go on whatever happens.
    package var abortAbove: Double?

    package init(stages: [Stage] = [], abortAbove: Double? = nil) {
        self.stages = stages
        self.abortAbove = abortAbove
    }

    package var isNone: Bool { stages.isEmpty && abortAbove == nil }
}
