/// Reads the declaration of one dependency.
struct DependencyReader {
    static let keys = ["breaker", "failures"]
    static let breakerKeys = ["window", "failure_percent", "minimum", "slow_after", "open_for", "open_cap"]

    let report: ManifestReport

    /// Nil when it has no usable name. A mistake in a field leaves the field's default, and is reported.
    func read(_ entry: YAMLEntry) -> DependencyDeclaration? {
        guard ManifestWord.isValid(entry.key, maximumBytes: 60) else {
            let rule = ManifestWord.rule(maximumBytes: 60)
            report.add(.badName("a dependency", found: entry.key, rule: rule), at: entry.place)
            return nil
        }
        let owner = "dependency \"\(entry.key)\""
        var dependency = DependencyDeclaration(name: entry.key)
        guard let fields = FieldReader(entry.value, of: owner, allowed: Self.keys, report: report) else {
            return dependency
        }
        if let value = fields.value("breaker") { dependency.breaker = breaker(value, "breaker of \(owner)") }
        for (label, place) in fields.texts("failures") ?? [] {
            if ManifestWord.isValid(label, maximumBytes: 64) {
                dependency.failures.insert(label)
            } else {
                let rule = ManifestWord.rule(maximumBytes: 64)
                report.add(.badName("an error label", found: label, rule: rule), at: place)
            }
        }
        return dependency
    }

    private func breaker(_ value: YAMLValue, _ owner: String) -> BreakerPolicy {
        var policy = BreakerPolicy()
        guard let fields = FieldReader(value, of: owner, allowed: Self.breakerKeys, report: report) else {
            return policy
        }
        if let window = fields.duration("window", in: .seconds(1)...(.seconds(600))) { policy.window = window }
        if let percent = fields.integer("failure_percent", in: 1...100) { policy.failurePercent = percent }
        if let minimum = fields.integer("minimum", in: 1...10_000) { policy.minimum = minimum }
        policy.slowAfter = fields.duration("slow_after", in: .seconds(1)...(.seconds(600)))
        let times = Duration.milliseconds(100)...Duration.seconds(3600)
        if let time = fields.duration("open_for", in: times) { policy.openFor = time }
        policy.openCap = max(policy.openCap, policy.openFor)
        if let cap = fields.duration("open_cap", in: policy.openFor...times.upperBound, reason: "not below open_for") {
            policy.openCap = cap
        }
        return policy
    }
}
