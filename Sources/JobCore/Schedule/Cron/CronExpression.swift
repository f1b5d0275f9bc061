/// A cron expression: five fields (minute first) or six (second first), or one of `@yearly` … `@hourly`.
///
/// Fields take `*`, `?`, numbers, names (`JAN`, `MON`), ranges, lists and steps; the day of the month also `L` (last) and
/// `L-3`; the day of the week also `5L` (last Friday) and `2#1` (first Tuesday), with 0 and 7 both Sunday. When both days
/// are restricted, a day that matches either counts, as in every cron since Vixie's; a step is a restriction too.
package struct CronExpression: Sendable, Hashable {
    /// As it was written.
    package let text: String
    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt64
    let months: UInt64
    let days: DayOfMonth
    let weekdays: DayOfWeek

    struct DayOfMonth: Sendable, Hashable {
        var numbers: UInt64 = 0
        /// Counted from the last day of the month, which is 0.
        var fromEnd: UInt64 = 0
        var isRestricted = false

        func contains(_ day: Int, of length: Int) -> Bool {
            numbers & (1 << day) != 0 || fromEnd & (1 << (length - day)) != 0
        }
    }

    struct DayOfWeek: Sendable, Hashable {
        /// Bit 0 is Sunday.
        var any: UInt64 = 0
        /// Bit `weekday * 8 + n` for the n-th of the month, n from 1 to 5.
        var nth: UInt64 = 0
        var last: UInt64 = 0
        var isRestricted = false

        func contains(_ weekday: Int, day: Int, of length: Int) -> Bool {
            any & (1 << weekday) != 0 || nth & (1 << (weekday * 8 + (day - 1) / 7 + 1)) != 0
                || last & (1 << weekday) != 0 && day > length - 7
        }
    }

    /// The first reading of a wall clock after `civil` that matches; nil when none does within a hundred years.
    package func next(after civil: CivilTime) -> CivilTime? {
        let start = CivilTime(seconds: civil.seconds + 1)
        var day = start.day
        let (startYear, _, _) = day.calendar
        var second = firstSecond(from: start.secondOfDay, on: day)
        while second == nil {
            guard let next = nextDay(after: day, through: startYear + 100) else { return nil }
            day = next
            second = firstSecond(from: 0, on: day)
        }
        return second.map { CivilTime(seconds: day.number * 86_400 + Int64($0)) }
    }

    private func nextDay(after day: CivilDay, through lastYear: Int) -> CivilDay? {
        var (year, month, number) = day.calendar
        number += 1
        while year <= lastYear {
            let length = CivilDay.length(ofMonth: month, year: year)
            if months & (1 << month) != 0, number <= length {
                for candidate in number...length where matches(candidate, month, year, length) {
                    return CivilDay(year: year, month: month, day: candidate)
                }
            }
            number = 1
            month += 1
            if month > 12 { (month, year) = (1, year + 1) }
        }
        return nil
    }

    private func matches(_ day: Int, _ month: Int, _ year: Int, _ length: Int) -> Bool {
        let weekday = CivilDay(year: year, month: month, day: day).weekday
        let byDay = days.contains(day, of: length)
        let byWeekday = weekdays.contains(weekday, day: day, of: length)
        return days.isRestricted && weekdays.isRestricted ? byDay || byWeekday : byDay && byWeekday
    }

    private func firstSecond(from second: Int, on day: CivilDay) -> Int? {
        let (year, month, number) = day.calendar
        guard months & (1 << month) != 0,
            matches(number, month, year, CivilDay.length(ofMonth: month, year: year))
        else { return nil }
        let (hour, minute, rest) = (second / 3600, second / 60 % 60, second % 60)
        for candidate in hour..<24 where hours & (1 << candidate) != 0 {
            let isFirst = candidate == hour
            for found in (isFirst ? minute : 0)..<60 where minutes & (1 << found) != 0 {
                let lowest = isFirst && found == minute ? rest : 0
                let left = seconds & (UInt64.max << UInt64(lowest))
                if left != 0 { return candidate * 3600 + found * 60 + left.trailingZeroBitCount }
            }
        }
        return nil
    }
}
