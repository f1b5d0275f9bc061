/// Reads the declaration of one limit: what it bounds, and one of rate, concurrency and budget.
struct LimitReader {
    static let keys = [
        "dependency", "queue", "job", "key", "rate", "burst", "concurrency", "budget", "per", "zone", "warn_percent",
    ]

    let report: ManifestReport

    struct Found {
        let declaration: LimitDeclaration
        /// Of the dependency, queue or job that it names.
        let scopePlace: ManifestPlace
        let place: ManifestPlace
    }

    /// Nil when it bounds nothing; those mistakes are reported.
    func read(_ entry: YAMLEntry) -> Found? {
        guard ManifestWord.isValid(entry.key, maximumBytes: 60) else {
            let rule = ManifestWord.rule(maximumBytes: 60)
            report.add(.badName("a limit", found: entry.key, rule: rule), at: entry.place)
            return nil
        }
        let owner = "limit \"\(entry.key)\""
        guard let fields = FieldReader(entry.value, of: owner, allowed: Self.keys, report: report) else { return nil }
        guard let (scope, place) = scope(fields, entry), let rule = rule(fields, entry) else { return nil }
        var key: String?
        if let value = fields.value("key"), let path = fields.text("key") {
            if case .job = scope {
                key = path
            } else {
                let expected = "absent: only a limit of a job has a key, which is a path in its payload"
                report.wrongType(fields.naming("key"), expected: expected, value)
            }
        }
        let declaration = LimitDeclaration(name: entry.key, scope: scope, key: key, rule: rule)
        return Found(declaration: declaration, scopePlace: place, place: entry.place)
    }

    private func scope(_ fields: FieldReader, _ entry: YAMLEntry) -> (LimitDeclaration.Scope, ManifestPlace)? {
        let given = ["dependency", "queue", "job"].filter { fields.value($0) != nil }
        guard given.count == 1, let value = fields.value(given[0]) else {
            let expected = "one of dependency, queue and job"
            let found = given.isEmpty ? "none" : given.joined(separator: " and ")
            report.add(.wrongType(fields.owner, expected: expected, found: found), at: entry.place)
            return nil
        }
        guard let text = fields.text(given[0]) else { return nil }
        switch given[0] {
        case "dependency": return (.dependency(text), value.place)
        case "queue": return (.queue(text), value.place)
        default:
            guard let name = JobName(text) else {
                report.add(.badName(fields.naming("job"), found: text, rule: "it is no job's name"), at: value.place)
                return nil
            }
            return (.job(name), value.place)
        }
    }

    private func rule(_ fields: FieldReader, _ entry: YAMLEntry) -> LimitRule? {
        let given = ["rate", "concurrency", "budget"].filter { fields.value($0) != nil }
        guard given.count == 1 else {
            let expected = "one of rate, concurrency and budget"
            let found = given.isEmpty ? "none" : given.joined(separator: " and ")
            report.add(.wrongType(fields.owner, expected: expected, found: found), at: entry.place)
            return nil
        }
        switch given[0] {
        case "rate": return rate(fields).map(LimitRule.rate)
        case "concurrency": return fields.integer("concurrency", in: 1...100_000).map(LimitRule.concurrency)
        default: return quota(fields, entry).map(LimitRule.quota)
        }
    }

    /// `100/s`, `5/1m`.
    private func rate(_ fields: FieldReader) -> LimitRule.Rate? {
        guard let value = fields.value("rate"), let text = fields.text("rate") else { return nil }
        guard var rate = LimitRule.Rate(text) else {
            let expected = "a number of jobs and a time, such as 100/s or 5/1m"
            report.add(.wrongType(fields.naming("rate"), expected: expected, found: "\"\(text)\""), at: value.place)
            return nil
        }
        if let burst = fields.integer("burst", in: 1...1_000_000) { rate.burst = burst }
        return rate
    }

    private func quota(_ fields: FieldReader, _ entry: YAMLEntry) -> LimitRule.Quota? {
        guard let budget = fields.integer("budget", in: 1...1_000_000_000),
            let value = fields.required("per", at: entry.place), let word = fields.text("per")
        else { return nil }
        guard let period = CalendarPeriod(rawValue: word) else {
            let allowed = CalendarPeriod.allCases.map(\.rawValue)
            report.add(.unknownWord(fields.naming("per"), found: word, allowed: allowed), at: value.place)
            return nil
        }
        let name = fields.text("zone") ?? ScheduleReader.defaultZone
        guard let zone = try? ZoneFile.rules(name) else {
            let place = fields.value("zone")?.place ?? entry.place
            let expected = "a time zone that this host knows, such as America/Sao_Paulo"
            report.add(.wrongType(fields.naming("zone"), expected: expected, found: "\"\(name)\""), at: place)
            return nil
        }
        let quota = LimitRule.Quota(budget: budget, period: period, zone: zone)
        guard let percent = fields.integer("warn_percent", in: 1...100) else { return quota }
        return LimitRule.Quota(budget: budget, period: period, zone: zone, warnPercent: percent)
    }
}

extension LimitRule.Rate {
    /// `100/s`, `5/1m`: jobs and the time they have, whose 1 may be left out.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000).contains(count),
            let period = Duration(manifest: parts[1]) ?? Duration(manifest: "1\(parts[1])"),
            (Duration.milliseconds(1)...Duration.seconds(31 * 86_400)).contains(period)
        else { return nil }
        self.init(count: count, period: period)
    }
}
