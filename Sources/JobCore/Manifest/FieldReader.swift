/// Reads one mapping key by key. What is missing gives nil; what is wrong is reported and gives nil.
struct FieldReader {
    /// What the mapping declares, for messages: `queue "system"`.
    let owner: String
    let place: ManifestPlace
    private let entries: [String: YAMLValue]
    private let report: ManifestReport

    /// Nil, and reported, unless the value is a mapping. Keys besides the allowed ones are reported here.
    init?(_ value: YAMLValue, of owner: String, allowed: [String], report: ManifestReport) {
        guard case .mapping(let entries) = value.content else {
            report.wrongType(owner, expected: "a mapping", value)
            return nil
        }
        for entry in entries where !allowed.contains(entry.key) {
            report.add(.unknownKey(entry.key, in: owner, allowed: allowed), at: entry.place)
        }
        self.owner = owner
        self.report = report
        self.place = value.place
        self.entries = Dictionary(entries.map { ($0.key, $0.value) }) { first, _ in first }
    }

    func value(_ key: String) -> YAMLValue? { entries[key] }

    /// A value that must be there; `at` is where the declaration begins.
    func required(_ key: String, at place: ManifestPlace) -> YAMLValue? {
        if entries[key] == nil { report.add(.missingKey(key, in: owner), at: place) }
        return entries[key]
    }

    /// `concurrency of queue "system"`.
    func naming(_ key: String) -> String { "\(key) of \(owner)" }

    func text(_ key: String) -> String? {
        entries[key].flatMap { text($0, naming(key)) }
    }

    func text(_ value: YAMLValue, _ what: String) -> String? {
        guard case .scalar(let text, _) = value.content, !value.isNull, !text.isEmpty else {
            report.wrongType(what, expected: "text", value)
            return nil
        }
        return text
    }

    func list(_ key: String) -> [YAMLValue]? {
        guard let value = entries[key] else { return nil }
        guard case .sequence(let values) = value.content else {
            report.wrongType(naming(key), expected: "a list", value)
            return nil
        }
        return values
    }

    /// Distinct texts; a repeated one is reported where it stands again.
    func texts(_ key: String) -> [(text: String, place: ManifestPlace)]? {
        guard let values = list(key) else { return nil }
        var first: [String: ManifestPlace] = [:]
        var found: [(text: String, place: ManifestPlace)] = []
        for value in values {
            guard let text = text(value, naming(key)) else { continue }
            if let first = first[text] {
                report.add(.duplicate("\"\(text)\" in \(naming(key))", first: first), at: value.place)
                continue
            }
            first[text] = value.place
            found.append((text, value.place))
        }
        return found
    }

    /// - Parameter word: what may stand instead of a number; the caller has looked for it already.
    func integer(_ key: String, in range: ClosedRange<Int>, or word: String? = nil) -> Int? {
        guard let value = entries[key] else { return nil }
        let number = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        let expected = word.map { "\($0) or \(number)" } ?? number
        guard case .scalar(let text, quoted: false) = value.content, YAMLNumber.isDecimal(text) else {
            report.wrongType(naming(key), expected: expected, value)
            return nil
        }
        guard let number = Int(text), range.contains(number) else {
            report.add(.outOfRange(naming(key), expected: expected, found: text), at: value.place)
            return nil
        }
        return number
    }

    /// - Parameter reason: why the range ends where it ends, when a person would ask.
    func duration(_ key: String, in range: ClosedRange<Duration>, reason: String? = nil) -> Duration? {
        guard let value = entries[key] else { return nil }
        guard case .scalar(let text, _) = value.content, let duration = Duration(manifest: text) else {
            report.wrongType(naming(key), expected: Duration.manifestForm, value)
            return nil
        }
        guard range.contains(duration) else {
            let bounds = "from \(range.lowerBound.manifestText) to \(range.upperBound.manifestText)"
            let expected = reason.map { "\(bounds) (\($0))" } ?? bounds
            report.add(.outOfRange(naming(key), expected: expected, found: text), at: value.place)
            return nil
        }
        return duration
    }

    func lane(_ text: String, at place: ManifestPlace, _ what: String) -> Lane? {
        guard let lane = Lane(rawValue: text) else {
            report.add(.unknownWord(what, found: text, allowed: Lane.allCases.map(\.rawValue)), at: place)
            return nil
        }
        return lane
    }
}
