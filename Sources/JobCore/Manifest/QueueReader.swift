/// Reads the declaration of one queue.
struct QueueReader {
    static let keys = ["lanes", "concurrency", "credit", "max_length", "lag_threshold", "depends_on"]

    let report: ManifestReport

    /// Nil when it has no usable name. A mistake in a field leaves the field's default, and is reported.
    func read(_ entry: YAMLEntry) -> QueueDeclaration? {
        let owner = "queue \"\(entry.key)\""
        guard isName(entry) else { return nil }
        var queue = QueueDeclaration(name: entry.key, declaredAt: entry.place)
        guard let fields = FieldReader(entry.value, of: owner, allowed: Self.keys, report: report) else { return queue }
        if let lanes = lanes(fields) { queue.lanes = lanes }
        if let concurrency = fields.integer("concurrency", in: 1...1000) { queue.concurrency = concurrency }
        queue.credit = fields.integer("credit", in: 1...5000)
        switch fields.value("max_length")?.content {
        case .scalar("none", quoted: _): queue.maximumLength = nil
        default: fields.integer("max_length", in: 1...1_000_000_000, or: "none").map { queue.maximumLength = $0 }
        }
        if let threshold = fields.duration("lag_threshold", in: .seconds(1)...(.seconds(7 * 86_400))) {
            queue.lagThreshold = threshold
        }
        queue.dependencies = dependencies(fields)
        return queue
    }

    private func isName(_ entry: YAMLEntry) -> Bool {
        let suffixes = Lane.allCases.map { ".\($0.rawValue)" } + [".dead"]
        if let suffix = suffixes.first(where: entry.key.hasSuffix) {
            let rule = "the platform itself adds \(suffix) to a queue's name"
            report.add(.badName("a queue", found: entry.key, rule: rule), at: entry.place)
            return false
        }
        guard ManifestWord.isValid(entry.key, maximumBytes: 60) else {
            report.add(
                .badName("a queue", found: entry.key, rule: ManifestWord.rule(maximumBytes: 60)),
                at: entry.place
            )
            return false
        }
        return true
    }

    private func lanes(_ fields: FieldReader) -> [Lane]? {
        guard let texts = fields.texts("lanes") else { return nil }
        if texts.isEmpty, let value = fields.value("lanes"), fields.list("lanes")?.isEmpty == true {
            report.add(
                .outOfRange(fields.naming("lanes"), expected: "one to three lanes", found: "none"),
                at: value.place
            )
        }
        let lanes = texts.compactMap { fields.lane($0.text, at: $0.place, fields.naming("lanes")) }
        // With a word in doubt every lane counts as in use: jobs in it are not to be blamed.
        return lanes.count == texts.count && !lanes.isEmpty ? lanes.sorted() : Lane.allCases
    }

    private func dependencies(_ fields: FieldReader) -> [String] {
        (fields.texts("depends_on") ?? []).compactMap { name, place in
            if ManifestWord.isValid(name, maximumBytes: 60) { return name }
            report.add(.badName("a dependency", found: name, rule: ManifestWord.rule(maximumBytes: 60)), at: place)
            return nil
        }
    }
}
