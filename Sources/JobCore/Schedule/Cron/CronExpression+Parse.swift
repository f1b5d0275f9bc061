/// Why a text is no cron expression, with the field it is about.
package struct CronError: Error, Equatable, CustomStringConvertible {
    /// `minute`, `day of month`, …; nil when it is about the whole.
    package let field: String?
    package let reason: String

    package var description: String { field.map { "\($0): \(reason)" } ?? reason }
}

extension CronExpression {
    private static let shorthands = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]
    package static let form =
        "five fields (minute hour day month weekday), six with seconds first, or @daily and its like"

    package init(_ text: String) throws(CronError) {
        guard text.utf8.count <= 200 else { throw CronError(field: nil, reason: "longer than 200 bytes") }
        var spelled = text
        if text.hasPrefix("@") {
            guard let long = CronExpression.shorthands[text.lowercased()] else {
                let known = CronExpression.shorthands.keys.sorted().joined(separator: ", ")
                let reason = text.hasPrefix("@every") ? "an interval has no place on the clock: use a step" : known
                throw CronError(field: nil, reason: "\(text) is not known; \(reason)")
            }
            spelled = long
        }
        let parts = spelled.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard parts.count == 5 || parts.count == 6 else {
            throw CronError(field: nil, reason: "\(parts.count) fields; wanted are \(CronExpression.form)")
        }
        let fields = parts.count == 6 ? parts : ["0"] + parts
        self.text = text
        seconds = try CronField.second.bits(fields[0])
        minutes = try CronField.minute.bits(fields[1])
        hours = try CronField.hour.bits(fields[2])
        days = try CronExpression.days(fields[3])
        months = try CronField.month.bits(fields[4])
        weekdays = try CronExpression.weekdays(fields[5])
    }

    private static func days(_ text: String) throws(CronError) -> DayOfMonth {
        var days = DayOfMonth()
        days.isRestricted = CronField.isRestricted(text)
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let upper = item.uppercased()
            guard upper.hasPrefix("L") else {
                days.numbers |= try CronField.day.bits(ofItem: item)
                continue
            }
            guard upper != "L" else {
                days.fromEnd |= 1
                continue
            }
            guard upper.hasPrefix("L-"), let back = Int(upper.dropFirst(2)), (1...30).contains(back) else {
                throw CronField.day.error("\(item) is not understood; L is the last day, L-3 three days before it")
            }
            days.fromEnd |= 1 << back
        }
        return days
    }

    private static func weekdays(_ text: String) throws(CronError) -> DayOfWeek {
        var weekdays = DayOfWeek()
        weekdays.isRestricted = CronField.isRestricted(text)
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            if let hash = item.firstIndex(of: "#") {
                let weekday = try CronField.weekday.value(item[..<hash]) % 7
                guard let nth = Int(item[item.index(after: hash)...]), (1...5).contains(nth) else {
                    throw CronField.weekday.error("\(item): after # stands 1 to 5, the which one of the month")
                }
                weekdays.nth |= 1 << (weekday * 8 + nth)
            } else if item.count > 1, item.last == "L" || item.last == "l", !item.contains("-") {
                weekdays.last |= 1 << (try CronField.weekday.value(item.dropLast()) % 7)
            } else if item == "L" || item == "l" {
                throw CronField.weekday.error("L alone says no day; 5L is the last Friday of the month")
            } else {
                let bits = try CronField.weekday.bits(ofItem: item)
                weekdays.any |= bits & 0x7F | (bits >> 7 & 1)
            }
        }
        return weekdays
    }
}
