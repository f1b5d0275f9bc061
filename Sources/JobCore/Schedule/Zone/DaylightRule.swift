/// The rule at the end of a zone file, such as `EST5EDT,M3.2.0,M11.1.0` (POSIX TZ, RFC 8536 §3.3): how clocks will be
/// changed in years that the file does not list. Nil for a zone that changes no more.
struct DaylightRule: Equatable {
    private enum Day: Equatable {
        /// `M3.2.0`: the second Sunday of March; week 5 is the last.
        case weekday(month: Int, week: Int, weekday: Int)
        /// `J60`: 1…365, 29 February is never counted.
        case ordinary(Int)
        /// `59`: 0…365, counted.
        case counted(Int)
    }

    private struct Turn: Equatable {
        var day: Day
        /// Seconds after midnight on the wall; may be negative or beyond a day.
        var time: Int
    }

    private let standard: Int
    private let daylight: Int
    private let begins: Turn
    private let ends: Turn

    init?(_ text: String) {
        var reader = Reader(rest: Array(text.utf8)[...])
        guard reader.name(), let standard = reader.offset(), reader.name() else { return nil }
        var daylight = standard + 3600
        if reader.rest.first != UInt8(ascii: ",") {
            guard let said = reader.offset() else { return nil }
            daylight = said
        }
        guard reader.take(","), let begins = reader.turn(), reader.take(","), let ends = reader.turn(),
            reader.rest.isEmpty
        else { return nil }
        (self.standard, self.daylight, self.begins, self.ends) = (standard, daylight, begins, ends)
    }

    func changes(through lastYear: Int) -> [TimeZoneRules.Change] {
        (1970...lastYear).flatMap { year in
            [
                TimeZoneRules.Change(at: DaylightRule.wall(begins, year) - Int64(standard), offset: daylight),
                TimeZoneRules.Change(at: DaylightRule.wall(ends, year) - Int64(daylight), offset: standard),
            ]
        }
        .sorted { $0.at < $1.at }
    }

    private static func wall(_ turn: Turn, _ year: Int) -> Int64 {
        let day: CivilDay
        switch turn.day {
        case .weekday(let month, let week, let weekday):
            let first = CivilDay(year: year, month: month, day: 1)
            var number = 1 + (weekday - first.weekday + 7) % 7 + (week - 1) * 7
            if number > CivilDay.length(ofMonth: month, year: year) { number -= 7 }
            day = CivilDay(year: year, month: month, day: number)
        case .ordinary(let number):
            let isLeap = CivilDay.length(ofMonth: 2, year: year) == 29
            day = CivilDay(year: year, month: 1, day: 1).advanced(by: number - 1 + (isLeap && number >= 60 ? 1 : 0))
        case .counted(let number):
            day = CivilDay(year: year, month: 1, day: 1).advanced(by: number)
        }
        return CivilTime(day: day).seconds + Int64(turn.time)
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard let first = rest.first, UInt32(first) == character.value else { return false }
            rest.removeFirst()
            return true
        }

        /// `EST` or `<-03>`.
        mutating func name() -> Bool {
            if take("<") {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[(end + 1)...]
                return true
            }
            let letters = rest.prefix { (0x41...0x5A).contains($0 & 0xDF) }
            rest.removeFirst(letters.count)
            return letters.count >= 3
        }

        mutating func integer() -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, digits.count <= 4 else { return nil }
            rest.removeFirst(digits.count)
            return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        /// `[+-]hh[:mm[:ss]]`, seconds.
        mutating func time() -> Int? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard var seconds = integer().map({ $0 * 3600 }) else { return nil }
            if take(":") {
                guard let minutes = integer() else { return nil }
                seconds += minutes * 60
                if take(":") {
                    guard let rest = integer() else { return nil }
                    seconds += rest
                }
            }
            return isNegative ? -seconds : seconds
        }

        /// POSIX counts west of Greenwich.
        mutating func offset() -> Int? { time().map { -$0 } }

        mutating func turn() -> Turn? {
            guard let day = day() else { return nil }
            guard take("/") else { return Turn(day: day, time: 7200) }
            return time().map { Turn(day: day, time: $0) }
        }

        private mutating func day() -> Day? {
            if take("J") {
                guard let number = integer(), (1...365).contains(number) else { return nil }
                return .ordinary(number)
            }
            if take("M") {
                guard let month = integer(), (1...12).contains(month), take("."), let week = integer(),
                    (1...5).contains(week), take("."), let weekday = integer(), (0...6).contains(weekday)
                else { return nil }
                return .weekday(month: month, week: week, weekday: weekday)
            }
            guard let number = integer(), number <= 365 else { return nil }
            return .counted(number)
        }
    }
}
