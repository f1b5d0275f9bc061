/// All that is wrong with a manifest, found in one load and sorted by place.
package struct ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [ManifestProblem]

    package init(_ problems: [ManifestProblem]) {
        self.problems = problems.sorted { ($0.place, $0.message) < ($1.place, $1.message) }
    }

    /// One line a problem: `jobs/system.yaml:12:5: …`.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// One mistake in a manifest.
package struct ManifestProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// A directory or file that cannot be read, or a file that would be passed over in silence.
        case unreadable(String)
        /// Not YAML, or YAML beyond what a manifest needs.
        case syntax(String)
        case unknownKey(String, in: String, allowed: [String])
        case missingKey(String, in: String)
        /// `first` is where the key or the declaration stands already.
        case duplicate(String, first: ManifestPlace)
        case wrongType(String, expected: String, found: String)
        case outOfRange(String, expected: String, found: String)
        case unknownWord(String, found: String, allowed: [String])
        case undeclared(String, found: String, declared: [String])
        case badName(String, found: String, rule: String)
        case badExample(String)
    }

    package let place: ManifestPlace
    package let kind: Kind

    package init(_ kind: Kind, at place: ManifestPlace) {
        self.kind = kind
        self.place = place
    }

    package var description: String { "\(place): \(message)" }

    package var message: String {
        switch kind {
        case .unreadable(let reason): reason
        case .syntax(let reason): "not a manifest's YAML: \(reason)"
        case .unknownKey(let key, let owner, let allowed):
            "unknown key \"\(key)\" in \(owner); \(NearestWord.advice(key, allowed))"
        case .missingKey(let key, let owner): "\(owner) lacks \"\(key)\""
        case .duplicate(let what, let first): "\(what) is declared twice, first at \(first)"
        case .wrongType(let what, let expected, let found): "\(what) must be \(expected), found \(found)"
        case .outOfRange(let what, let expected, let found): "\(what) must be \(expected), found \(found)"
        case .unknownWord(let what, let found, let allowed):
            "\(what) cannot be \"\(found)\"; \(NearestWord.advice(found, allowed))"
        case .undeclared(let what, let found, let declared):
            "\(what) names \"\(found)\", which is not declared; \(NearestWord.advice(found, declared))"
        case .badName(let what, let found, let rule): "\(what) cannot be named \"\(found)\": \(rule)"
        case .badExample(let reason): "example: \(reason)"
        }
    }
}
