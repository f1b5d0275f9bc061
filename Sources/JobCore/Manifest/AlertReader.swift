/// Reads the section `alerts`.
struct AlertReader {
    static let keys = [
        "receivers", "escalation", "resolve_after", "repeat_every", "lag", "notice", "dead_growth",
        "failure_percent", "disk_free_mb",
    ]
    private static let owner = "alerts"

    let report: ManifestReport

    func read(_ value: YAMLValue) -> AlertDeclaration {
        var alerts = AlertDeclaration()
        guard let fields = FieldReader(value, of: Self.owner, allowed: Self.keys, report: report) else { return alerts }
        for entry in entries(fields, "receivers") { alerts.receivers[entry.key] = receiver(entry) }
        let day = Duration.seconds(86_400)
        if let after = fields.duration("resolve_after", in: .zero...(.seconds(3600))) {
            alerts.policy.resolveAfter = after
        }
        if let every = fields.duration("repeat_every", in: .seconds(60)...(day * 7)) {
            alerts.policy.repeatEvery = every
        }
        if let notice = fields.duration("notice", in: .zero...day) { alerts.notice = notice }
        if let growth = fields.integer("dead_growth", in: 1...1_000_000) { alerts.deadGrowth = growth }
        if let percent = fields.integer("failure_percent", in: 1...100) { alerts.failureRatio = Double(percent) / 100 }
        if let free = fields.integer("disk_free_mb", in: 1...10_000_000) { alerts.diskFree = Int64(free) << 20 }
        for entry in entries(fields, "lag") {
            guard let lag = FieldReader(entry.value, of: "lag of \(entry.key)", allowed: ["max"], report: report) else {
                continue
            }
            alerts.lagThresholds[entry.key] = lag.duration("max", in: .seconds(1)...(day * 7))
        }
        alerts.policy.levels = levels(fields, alerts.receivers)
        return alerts
    }

    private func entries(_ fields: FieldReader, _ key: String) -> [YAMLEntry] {
        guard let value = fields.value(key) else { return [] }
        guard case .mapping(let entries) = value.content else {
            report.wrongType(fields.naming(key), expected: "a mapping", value)
            return []
        }
        return entries
    }

    private func receiver(_ entry: YAMLEntry) -> AlertDeclaration.Receiver? {
        let owner = "receiver \"\(entry.key)\""
        guard ManifestWord.isValid(entry.key, maximumBytes: 60) else {
            let rule = ManifestWord.rule(maximumBytes: 60)
            report.add(.badName("a receiver", found: entry.key, rule: rule), at: entry.place)
            return nil
        }
        let allowed = ["kind", "url_from", "key_from", "to"]
        guard let fields = FieldReader(entry.value, of: owner, allowed: allowed, report: report),
            let kindValue = fields.required("kind", at: entry.place), let word = fields.text("kind")
        else { return nil }
        guard let kind = AlertDeclaration.Receiver.Kind(rawValue: word) else {
            let kinds = AlertDeclaration.Receiver.Kind.allCases.map(\.rawValue)
            report.add(.unknownWord(fields.naming("kind"), found: word, allowed: kinds), at: kindValue.place)
            return nil
        }
        var receiver = AlertDeclaration.Receiver(name: entry.key, kind: kind)
        switch kind {
        case .email:
            if fields.required("to", at: entry.place) != nil { receiver.to = (fields.texts("to") ?? []).map(\.text) }
        case .pagerduty: receiver.source = variable(fields, "key_from", entry)
        case .alertmanager, .slack, .webhook: receiver.source = variable(fields, "url_from", entry)
        }
        return receiver
    }

    /// Secrets are never in the manifest: it names the variable that holds them.
    private func variable(_ fields: FieldReader, _ key: String, _ entry: YAMLEntry) -> String? {
        guard let value = fields.required(key, at: entry.place), let name = fields.text(key) else { return nil }
        let isName = name.utf8.allSatisfy {
            (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
        }
        guard isName else {
            let expected = "the name of an environment variable, such as JOBS_ALERTMANAGER_URL"
            report.wrongType(fields.naming(key), expected: expected, value)
            return nil
        }
        return name
    }

    private func levels(
        _ fields: FieldReader,
        _ receivers: [String: AlertDeclaration.Receiver]
    ) -> [AlertPolicy.Level] {
        guard let values = fields.list("escalation") else {
            let all = receivers.keys.sorted()
            return all.isEmpty ? [] : [AlertPolicy.Level(name: "on_call", after: .zero, receivers: all)]
        }
        var levels: [AlertPolicy.Level] = []
        for (index, value) in values.enumerated() {
            let owner = "level \(index + 1) of escalation"
            guard
                let level = FieldReader(value, of: owner, allowed: ["level", "after", "receivers"], report: report)
            else { continue }
            let after = level.duration("after", in: .zero...(.seconds(86_400))) ?? .zero
            if let last = levels.last, after <= last.after {
                let expected = "later than the level before (\(last.after.manifestText))"
                report.add(
                    .outOfRange(level.naming("after"), expected: expected, found: after.manifestText),
                    at: value.place
                )
            }
            for (name, place) in level.texts("receivers") ?? [] where receivers[name] == nil {
                let declared = receivers.keys.sorted()
                report.add(.undeclared(level.naming("receivers"), found: name, declared: declared), at: place)
            }
            levels.append(
                AlertPolicy.Level(
                    name: level.text("level") ?? "level_\(index + 1)",
                    after: after,
                    receivers: (level.texts("receivers") ?? []).map(\.text)
                )
            )
        }
        return levels
    }
}
