/// Reads the declaration of one job type.
struct JobReader {
    static let keys = [
        "summary", "queue", "lane", "version", "timeout", "retry", "deduplicate", "expires_after", "when_expired",
        "personal", "examples",
    ]

    let report: ManifestReport

    /// A declaration, and the places of what it refers to; those can be checked once every file is read.
    struct Found {
        var declaration: JobDeclaration
        var queuePlace: ManifestPlace?
        var lanePlace: ManifestPlace?
        var laneIsKnown = true
        var parkedDependencies: [(dependency: String, place: ManifestPlace)] = []
    }

    /// Nil when it has no usable name. A mistake in a field leaves the field's default, and is reported.
    func read(_ entry: YAMLEntry) -> Found? {
        guard let name = name(entry) else { return nil }
        var found = Found(declaration: JobDeclaration(name: name, declaredAt: entry.place))
        let owner = "job \"\(name)\""
        guard let fields = FieldReader(entry.value, of: owner, allowed: Self.keys, report: report) else { return found }
        if fields.required("summary", at: entry.place) != nil {
            found.declaration.summary = fields.text("summary") ?? ""
        }
        readPlace(fields, entry, into: &found)
        let version = fields.integer("version", in: 1...1_000_000)
        if let version { found.declaration.version = version }
        let reason = "no delivery is held unacknowledged longer than 10 minutes; a longer job runs in slices"
        if let timeout = fields.duration("timeout", in: .milliseconds(100)...(.seconds(600)), reason: reason) {
            found.declaration.timeout = timeout
        }
        let memory = "what was done once is remembered for at least 8 days"
        found.declaration.deduplicate = fields.duration(
            "deduplicate",
            in: .seconds(60)...(.seconds(7 * 86_400)),
            reason: memory
        )
        found.declaration.expiresAfter = fields.duration("expires_after", in: .seconds(1)...(.seconds(31 * 86_400)))
        if let value = fields.value("when_expired"), let word = fields.text("when_expired") {
            if !["dead", "shed"].contains(word) {
                let what = fields.naming("when_expired")
                report.add(.unknownWord(what, found: word, allowed: ["dead", "shed"]), at: value.place)
            }
            found.declaration.shedsExpired = word == "shed"
        }
        if let value = fields.value("retry") {
            let reader = RetryReader(owner: "retry of \(owner)", report: report)
            (found.declaration.retry, found.parkedDependencies) = reader.read(value)
        }
        found.declaration.personalFields = personal(fields)
        let versionIsKnown = version != nil || fields.value("version") == nil
        found.declaration.examples = ExampleReader(owner: owner, report: report).read(
            fields.required("examples", at: entry.place),
            current: versionIsKnown ? found.declaration.version : nil
        )
        return found
    }

    private func name(_ entry: YAMLEntry) -> JobName? {
        if let name = JobName(entry.key) { return name }
        let suffix = Lane.allCases.map { ".\($0.rawValue)" }.first(where: entry.key.hasSuffix)
        let form = "two to six parts of a-z, 0-9 and _ joined by dots, at most 100 bytes"
        let rule = suffix.map { "\($0) at the end is the routing key of a lane" } ?? form
        report.add(.badName("a job", found: entry.key, rule: rule), at: entry.place)
        return nil
    }

    private func readPlace(_ fields: FieldReader, _ entry: YAMLEntry, into found: inout Found) {
        if let value = fields.required("queue", at: entry.place), let queue = fields.text("queue") {
            found.declaration.queue = queue
            found.queuePlace = value.place
        }
        guard let value = fields.value("lane") else { return }
        found.lanePlace = value.place
        let lane = fields.text("lane").flatMap { fields.lane($0, at: value.place, fields.naming("lane")) }
        found.laneIsKnown = lane != nil
        if let lane { found.declaration.lane = lane }
    }

    private func personal(_ fields: FieldReader) -> [String] {
        (fields.texts("personal") ?? []).compactMap { path, place in
            let parts = path.split(separator: ".", omittingEmptySubsequences: false)
            if parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) { return path }
            let rule = "a path is keys of the payload joined by dots, such as data.email"
            report.add(.badName("a personal field", found: path, rule: rule), at: place)
            return nil
        }
    }
}
