import JobCore

/// How one person wants to hear from CheckIn, and where.
struct NotificationProfile: Sendable, Equatable {
    let userID: String
    /// Such as `pt-BR`.
    var locale = "pt-BR"
    /// The person's own, for quiet hours and the day of the frequency cap.
    var zone = "America/Sao_Paulo"
    var phone: String?
    var email: String?
    var quiet: QuietHours?
    /// `sms` (a whole channel), `social` (a category everywhere) or `email:social`.
    var optOuts: Set<String> = []
    /// The same words, for categories that nobody gets without having asked.
    var optIns: Set<String> = []

    init(userID: String) { self.userID = userID }

    /// Whether this person takes messages of the category on the channel.
    func takes(_ category: MessageCategory, on channel: Channel) -> Bool {
        let words = [channel.rawValue, category.name, "\(channel.rawValue):\(category.name)"]
        guard optOuts.isDisjoint(with: words) else { return false }
        return !category.needsOptIn || !optIns.isDisjoint(with: words.dropFirst())
    }
}

/// Minutes of the day in the person's zone; `from` later than `to` means over midnight.
struct QuietHours: Sendable, Equatable {
    let from: Int
    let to: Int

    /// Nil unless both are within a day and differ.
    init?(from: Int, to: Int) {
        guard 0..<1440 ~= from, 0..<1440 ~= to, from != to else { return nil }
        (self.from, self.to) = (from, to)
    }

    /// `22:00-08:00`.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(QuietHours.minutes)
        guard parts.count == 2, let from = parts[0], let to = parts[1] else { return nil }
        self.init(from: from, to: to)
    }

    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    /// When the quiet that holds at this instant ends; nil when it is not quiet. A wall that jumps over the end is quiet
    /// until the first instant after the gap.
    func end(at instant: Timestamp, in zone: TimeZoneRules) -> Timestamp? {
        let civil = zone.civil(at: instant.milliseconds.floorDividedBySecond)
        let minute = civil.secondOfDay / 60
        let isQuiet = from < to ? (from..<to).contains(minute) : minute >= from || minute < to
        guard isQuiet else { return nil }
        let day = from > to && minute >= from ? civil.day.advanced(by: 1) : civil.day
        let end = CivilTime(day: day, hour: to / 60, minute: to % 60)
        return Timestamp(milliseconds: zone.instant(of: end) * 1000)
    }
}

extension Int64 {
    fileprivate var floorDividedBySecond: Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
