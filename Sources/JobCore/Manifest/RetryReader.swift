/// Reads the retry policy of one job type.
struct RetryReader {
    static let keys = ["max_attempts", "base", "cap", "budget_percent", "labels"]
    static let ruleKeys = ["after", "max_attempts", "park"]
    private static let attempts = 1...1000
    private static let delays: ClosedRange<Duration> = .milliseconds(1)...RetryPolicy.longestDelay

    let owner: String
    let report: ManifestReport

    /// The policy, and the dependencies that rules park on.
    func read(_ value: YAMLValue) -> (RetryPolicy, [(dependency: String, place: ManifestPlace)]) {
        var policy = RetryPolicy()
        var parked: [(dependency: String, place: ManifestPlace)] = []
        guard let fields = FieldReader(value, of: owner, allowed: Self.keys, report: report) else {
            return (policy, parked)
        }
        if let attempts = fields.integer("max_attempts", in: Self.attempts) { policy.maximumAttempts = attempts }
        let base = fields.duration("base", in: Self.delays)
        let cap = fields.duration("cap", in: Self.delays)
        // A base above the default cap, alone, raises the cap with it; only a cap that was written can contradict.
        policy.base = base ?? min(policy.base, cap ?? policy.base)
        policy.cap = cap ?? max(policy.cap, policy.base)
        if let place = fields.value("cap")?.place, policy.cap < policy.base {
            let expected = "at least base (\(policy.base.manifestText))"
            report.add(.outOfRange(fields.naming("cap"), expected: expected, found: policy.cap.manifestText), at: place)
        }
        if let percent = fields.integer("budget_percent", in: 0...100) { policy.budgetPercent = percent }
        guard let labels = fields.value("labels") else { return (policy, parked) }
        guard case .mapping(let entries) = labels.content else {
            report.wrongType(fields.naming("labels"), expected: "a mapping of error labels to rules", labels)
            return (policy, parked)
        }
        for entry in entries {
            guard ManifestWord.isValid(entry.key, maximumBytes: 64) else {
                let rule = ManifestWord.rule(maximumBytes: 64)
                report.add(.badName("an error label", found: entry.key, rule: rule), at: entry.place)
                continue
            }
            policy.labels[entry.key] = rule(entry, parked: &parked)
        }
        return (policy, parked)
    }

    private func rule(
        _ entry: YAMLEntry,
        parked: inout [(dependency: String, place: ManifestPlace)]
    ) -> RetryPolicy.LabelRule? {
        let what = "label \"\(entry.key)\" in \(owner)"
        if case .scalar(let word, _) = entry.value.content, !entry.value.isNull {
            guard word == "dead" else {
                let allowed = ["dead", "{ after: 1h }", "{ max_attempts: 3 }", "{ park: DEPENDENCY }"]
                report.add(.unknownWord(what, found: word, allowed: allowed), at: entry.value.place)
                return nil
            }
            return .dead
        }
        guard let fields = FieldReader(entry.value, of: what, allowed: Self.ruleKeys, report: report) else {
            return nil
        }
        if let value = fields.value("park") {
            guard let dependency = fields.text("park") else { return nil }
            if fields.value("after") != nil || fields.value("max_attempts") != nil {
                let expected = "park alone, or after and max_attempts"
                report.add(.wrongType(what, expected: expected, found: "both"), at: entry.value.place)
            }
            parked.append((dependency, value.place))
            return .park(dependency)
        }
        guard fields.value("after") != nil || fields.value("max_attempts") != nil else {
            report.add(.missingKey("after", in: what), at: entry.value.place)
            return nil
        }
        return .retry(
            after: fields.duration("after", in: Self.delays),
            maximumAttempts: fields.integer("max_attempts", in: Self.attempts)
        )
    }
}
