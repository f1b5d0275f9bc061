/// Collects the problems of one load. Shared by the readers of one call on one thread, which is why it is a class and
/// not Sendable.
final class ManifestReport {
    private(set) var problems: [ManifestProblem] = []

    func add(_ kind: ManifestProblem.Kind, at place: ManifestPlace) {
        problems.append(ManifestProblem(kind, at: place))
    }

    func add(_ found: [ManifestProblem]) {
        problems += found
    }

    func wrongType(_ what: String, expected: String, _ value: YAMLValue) {
        add(.wrongType(what, expected: expected, found: value.shape), at: value.place)
    }
}
