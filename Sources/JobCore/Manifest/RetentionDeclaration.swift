/// How long what is over is kept; then the janitor deletes it, in small transactions. Open letters, operations and the audit are
/// kept for ever, marks and effects by their own rules (`TurningTables`).
package struct RetentionDeclaration: Sendable, Equatable {
    /// Letters that were purged, drained or cancelled: until then they can be brought back. 30 days.
    package var purgedLetters: Duration = .days(30)
    /// Letters whose job ended after a replay. 90 days.
    package var replayedLetters: Duration = .days(90)
    /// A checkpoint that no end of its job has taken away. 14 days.
    package var checkpoints: Duration = .days(14)
    /// Instants of schedules and what came of them. 400 days: the same day a year ago can be looked up.
    package var fires: Duration = .days(400)
    /// What probes with `record` left. 30 days.
    package var probeEffects: Duration = .days(30)

    package init() {}
}

/// Reads the section `retention`.
struct RetentionReader {
    static let keys = ["purged_letters", "replayed_letters", "checkpoints", "fires", "probe_effects"]

    let report: ManifestReport

    /// A mistake in a field leaves the field's default, and is reported.
    func read(_ value: YAMLValue) -> RetentionDeclaration {
        var retention = RetentionDeclaration()
        guard let fields = FieldReader(value, of: "retention", allowed: Self.keys, report: report) else {
            return retention
        }
        let range = Duration.days(1)...(.days(3650))
        if let age = fields.duration("purged_letters", in: range) { retention.purgedLetters = age }
        if let age = fields.duration("replayed_letters", in: range) { retention.replayedLetters = age }
        if let age = fields.duration("checkpoints", in: range) { retention.checkpoints = age }
        if let age = fields.duration("fires", in: range) { retention.fires = age }
        if let age = fields.duration("probe_effects", in: range) { retention.probeEffects = age }
        return retention
    }
}

extension Duration {
    package static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }
}
