/// Reads the examples of one job type: payload version → list of payloads.
struct ExampleReader {
    let owner: String
    let report: ManifestReport

    /// - Parameter current: the declared version; nil when that itself is in doubt, and then nothing is held against it.
    func read(_ value: YAMLValue?, current: Int?) -> [Int: [[UInt8]]] {
        guard let value else { return [:] }
        guard case .mapping(let entries) = value.content else {
            report.wrongType("examples of \(owner)", expected: "a mapping of versions to lists of payloads", value)
            return [:]
        }
        var examples: [Int: [[UInt8]]] = [:]
        for entry in entries {
            guard let version = version(entry, current: current) else { continue }
            guard case .sequence(let payloads) = entry.value.content else {
                report.wrongType("examples of \(owner)", expected: "a list of payloads", entry.value)
                examples[version] = []
                continue
            }
            if payloads.isEmpty { missing(version, at: entry.value.place) }
            examples[version] = payloads.compactMap(payload)
        }
        if let current, examples[current] == nil { missing(current, at: value.place) }
        return examples
    }

    private func missing(_ version: Int, at place: ManifestPlace) {
        report.add(.badExample("\(owner) has none of version \(version)"), at: place)
    }

    private func version(_ entry: YAMLEntry, current: Int?) -> Int? {
        let newest = current ?? 1_000_000
        guard YAMLNumber.isDecimal(entry.key), let version = Int(entry.key), (1...newest).contains(version) else {
            let expected = "a version from 1 to \(newest)"
            report.add(.outOfRange("examples of \(owner)", expected: expected, found: entry.key), at: entry.place)
            return nil
        }
        return version
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
