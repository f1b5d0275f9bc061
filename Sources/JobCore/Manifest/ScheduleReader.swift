/// Reads the declaration of one schedule.
struct ScheduleReader {
    static let keys = [
        "cron", "zone", "job", "lane", "payload", "overlap", "catch_up", "catch_up_max", "catch_up_window", "jitter",
    ]
    static let defaultZone = "America/Sao_Paulo"

    let report: ManifestReport

    struct Found {
        var declaration: ScheduleDeclaration
        let jobPlace: ManifestPlace
        let lanePlace: ManifestPlace?
    }

    /// Nil when it has no usable name, time or job; those mistakes are reported.
    func read(_ entry: YAMLEntry) -> Found? {
        let owner = "schedule \"\(entry.key)\""
        guard ManifestWord.isValid(entry.key, maximumBytes: 60) else {
            let rule = ManifestWord.rule(maximumBytes: 60)
            report.add(.badName("a schedule", found: entry.key, rule: rule), at: entry.place)
            return nil
        }
        guard let fields = FieldReader(entry.value, of: owner, allowed: Self.keys, report: report) else { return nil }
        let timetable = timetable(fields, entry)
        guard let jobValue = fields.required("job", at: entry.place), let jobText = fields.text("job") else {
            return nil
        }
        guard let job = JobName(jobText) else {
            report.add(.badName(fields.naming("job"), found: jobText, rule: "it is no job's name"), at: jobValue.place)
            return nil
        }
        guard let timetable else { return nil }
        var schedule = ScheduleDeclaration(name: entry.key, timetable: timetable, job: job, declaredAt: entry.place)
        let lanePlace = fields.value("lane")?.place
        schedule.lane = fields.text("lane").flatMap { text in
            lanePlace.flatMap { fields.lane(text, at: $0, fields.naming("lane")) }
        }
        if let value = fields.value("payload"), let payload = payload(value) { schedule.payload = payload }
        if let overlap: ScheduleDeclaration.Overlap = word(fields, "overlap") { schedule.overlap = overlap }
        if let catchUp: ScheduleDeclaration.CatchUp = word(fields, "catch_up") { schedule.catchUp = catchUp }
        if let maximum = fields.integer("catch_up_max", in: 1...10_000) { schedule.catchUpMaximum = maximum }
        if let window = fields.duration("catch_up_window", in: .seconds(60)...(.seconds(31 * 86_400))) {
            schedule.catchUpWindow = window
        }
        if let jitter = fields.duration("jitter", in: .zero...(.seconds(86_400))) { schedule.jitter = jitter }
        return Found(declaration: schedule, jobPlace: jobValue.place, lanePlace: lanePlace)
    }

    private func timetable(_ fields: FieldReader, _ entry: YAMLEntry) -> CronTimetable? {
        let zone = zone(fields, entry)
        guard let value = fields.required("cron", at: entry.place), let text = fields.text("cron") else { return nil }
        do throws(CronError) {
            let expression = try CronExpression(text)
            return zone.map { CronTimetable(expression, zone: $0) }
        } catch {
            let expected = "a cron expression (\(error))"
            report.add(.wrongType(fields.naming("cron"), expected: expected, found: "\"\(text)\""), at: value.place)
            return nil
        }
    }

    private func zone(_ fields: FieldReader, _ entry: YAMLEntry) -> TimeZoneRules? {
        let value = fields.value("zone")
        guard let name = value == nil ? Self.defaultZone : fields.text("zone") else { return nil }
        do throws(ZoneFile.Failure) {
            return try ZoneFile.rules(name)
        } catch {
            let expected = "an IANA zone such as America/Sao_Paulo (\(error); the package tzdata brings them)"
            let place = value?.place ?? entry.place
            report.add(.wrongType(fields.naming("zone"), expected: expected, found: "\"\(name)\""), at: place)
            return nil
        }
    }

    private func word<Word: RawRepresentable & CaseIterable>(_ fields: FieldReader, _ key: String) -> Word?
    where Word.RawValue == String {
        guard let place = fields.value(key)?.place, let text = fields.text(key) else { return nil }
        if let word = Word(rawValue: text) { return word }
        let allowed = Word.allCases.map(\.rawValue)
        report.add(.unknownWord(fields.naming(key), found: text, allowed: allowed), at: place)
        return nil
    }

    private func payload(_ value: YAMLValue) -> [UInt8]? {
        do throws(ManifestProblem) {
            let bytes = try CanonicalJSON.encode(value)
            do throws(Malformed) {
                try PayloadLimits.check(bytes)
            } catch {
                throw ManifestProblem(.badExample(error.message), at: value.place)
            }
            return bytes
        } catch {
            report.add([error])
            return nil
        }
    }
}
