import JobCore

/// Which way a message goes to a person, and when: a decision without any I/O.
enum DeliveryPlan: Sendable, Equatable {
    case go(Channel, then: [Channel])
    /// It is quiet there until then.
    case wait(until: Timestamp)
    /// Not sent, for a reason of this name.
    case drop(String)

    /// - Parameters:
    ///   - channels: in order of preference.
    ///   - hasDevices: whether a push can reach the person.
    ///   - offered: channels that have the template.
    static func of(
        _ category: MessageCategory,
        to profile: NotificationProfile,
        channels: [Channel],
        hasDevices: Bool,
        offered: Set<Channel>,
        zone: TimeZoneRules,
        usefulUntil: Timestamp?,
        now: Timestamp
    ) -> DeliveryPlan {
        if let usefulUntil, usefulUntil <= now { return .drop("too_late") }
        let reachable = channels.filter { channel in
            switch channel {
            case .push: hasDevices
            case .sms: profile.phone != nil
            case .email: profile.email != nil
            }
        }
        let usable = reachable.filter(offered.contains)
        guard !usable.isEmpty else { return .drop(reachable.isEmpty ? "no_contact" : "no_template") }
        let wanted = usable.filter { profile.takes(category, on: $0) }
        guard let first = wanted.first else { return .drop("opted_out") }
        if !category.isUrgent, let end = profile.quiet?.end(at: now, in: zone) {
            if let usefulUntil, usefulUntil <= end { return .drop("quiet_hours") }
            return .wait(until: end)
        }
        return .go(first, then: Array(wanted.dropFirst()))
    }
}
