/// A reading of a wall clock and a calendar, of no zone: seconds counted as if every day had 86 400 of them, from
/// 1970-01-01T00:00:00 on that wall. Proleptic Gregorian.
package struct CivilTime: Hashable, Comparable, Sendable {
    package var seconds: Int64

    package init(seconds: Int64) {
        self.seconds = seconds
    }

    package init(day: CivilDay, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        seconds = day.number * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }

    package var day: CivilDay { CivilDay(number: seconds.floorDivided(by: 86_400)) }
    package var secondOfDay: Int { Int(seconds - day.number * 86_400) }

    package static func < (left: CivilTime, right: CivilTime) -> Bool { left.seconds < right.seconds }
}

/// A day of the calendar, counted from 1970-01-01.
package struct CivilDay: Hashable, Comparable, Sendable {
    package let number: Int64

    package init(number: Int64) {
        self.number = number
    }

    /// Counts in years that begin in March, so that the leap day is the last of its year.
    package init(year: Int, month: Int, day: Int) {
        let marchYear = Int64(month > 2 ? year : year - 1)
        let era = marchYear.floorDivided(by: 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = Int64((153 * ((month + 9) % 12) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        number = era * 146_097 + dayOfEra - 719_468
    }

    /// 0 for Sunday.
    package var weekday: Int { Int((number + 4) - (number + 4).floorDivided(by: 7) * 7) }

    package var calendar: (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        let year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        return (year, month, Int(dayOfYear - (153 * shiftedMonth + 2) / 5) + 1)
    }

    package func advanced(by days: Int) -> CivilDay { CivilDay(number: number + Int64(days)) }

    package static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package static func < (left: CivilDay, right: CivilDay) -> Bool { left.number < right.number }
}

extension CivilDay: CustomStringConvertible {
    /// `2026-11-26`.
    package var description: String {
        let (year, month, day) = calendar
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(String(repeating: "0", count: max(0, 4 - "\(year)".count)))\(year)-\(two(month))-\(two(day))"
    }

    /// Reads `2026-11-26`; nil for a day that no calendar has.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2], let year = Int(parts[0]),
            let month = Int(parts[1]), let day = Int(parts[2]), year > 0, (1...12).contains(month),
            (1...CivilDay.length(ofMonth: month, year: year)).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }
}

extension Int64 {
    func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
