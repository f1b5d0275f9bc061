package import JobCore
package import Logging
import Synchronization

/// Looks at the platform every five seconds, keeps what is wrong in the store, and tells people. A process that has lost
/// the store tells that from memory.
package final class AlertLoop: Sendable {
    package static let period: Duration = .seconds(5)
    /// Alertmanager hears of what still fires this often.
    private static let refresh: Duration = .seconds(60)
    /// The store is down when it has not answered for so long.
    private static let storePatience: Duration = .seconds(10)

    package typealias Look = @Sendable () async throws -> AlertFacts

    private struct State {
        var survey: AlertSurvey
        var refreshed: ContinuousClock.Instant?
        /// What could not be delivered, by receiver: tried again with the next look.
        var owed: [String: [String: AlertRecord]] = [:]
        var storeLostSince: ContinuousClock.Instant?
        var storeAlert: AlertRecord?
    }

    private let store: Store
    private let declaration: AlertDeclaration
    private let receivers: [String: any AlertReceiver]
    private let display: String
    private let logger: Logger
    private let look: Look
    private let state: Mutex<State>

    package init(
        store: Store,
        declaration: AlertDeclaration,
        receivers: [String: any AlertReceiver],
        display: String,
        logger: Logger,
        look: @escaping Look
    ) {
        self.store = store
        self.declaration = declaration
        self.receivers = receivers
        self.display = display
        self.logger = logger
        self.look = look
        state = Mutex(State(survey: AlertSurvey(declaration)))
    }

    /// One look under the lease.
    package func turn(_ lease: Lease) async throws -> Duration {
        let facts = try await look()
        let findings = state.withLock { $0.survey.findings(facts) }
        let known = try await store.alerts()
        let silences = try await store.silences()
        let now = facts.record.now
        var changed: [AlertRecord] = []
        var notices: [AlertNotice] = []
        let found = Dictionary(findings.map { ($0.key, $0) }) { first, _ in first }
        let records = Dictionary(known.map { ($0.finding.key, $0) }) { first, _ in first }
        for key in Set(found.keys).union(records.keys).sorted() {
            let isSilenced = found[key].map { finding in silences.contains { $0.matches(finding) } } ?? false
            let (next, notice) = AlertRecord.step(
                records[key],
                found[key],
                isSilenced: isSilenced,
                policy: policy(of: found[key] ?? records[key]?.finding),
                now: now
            )
            if let next, next != records[key] { changed.append(next) }
            if let notice { notices.append(notice) }
        }
        await storeAnswers()
        // Kept before it is told: of what a process tells that has lost its lease nobody would know, nor ever say that it is
        // over.
        let told = Set(notices.map(\.record.finding.key))
        let pending = changed.map { told.contains($0.finding.key) ? $0.untold(records[$0.finding.key]) : $0 }
        guard try await isSaved(pending, lease) else { return AlertLoop.period }
        tell(changed, records)
        await deliver(notices)
        await refreshIfDue(changed, records, silences)
        let settled = changed.filter { told.contains($0.finding.key) }
        if !settled.isEmpty { _ = try await isSaved(settled, lease) }
        return AlertLoop.period
    }

    private func isSaved(_ records: [AlertRecord], _ lease: Lease) async throws -> Bool {
        if try await store.save(records, under: lease) { return true }
        logger.notice("the lease has gone to another process", metadata: [LogKey.name: "alerts"])
        return false
    }

    /// Who watches whether alerts arrive wants the one that always fires; people do not.
    private func policy(of finding: AlertFinding?) -> AlertPolicy {
        guard finding?.severity == AlertFinding.Severity.none else { return declaration.policy }
        var policy = declaration.policy
        policy.levels = []
        return policy
    }

    private func tell(_ changed: [AlertRecord], _ before: [String: AlertRecord]) {
        for record in changed where record.finding.severity > .none {
            let wasFiring = before[record.finding.key]?.isFiring ?? false
            guard wasFiring != record.isFiring else { continue }
            let metadata: Logger.Metadata = [
                LogKey.name: "\(record.finding.key)", LogKey.error: "\(record.finding.summary)",
            ]
            if record.isFiring {
                logger.error("alert", metadata: metadata)
            } else {
                logger.notice("alert is over", metadata: metadata)
            }
        }
    }

    private func deliver(_ notices: [AlertNotice]) async {
        for notice in notices {
            let names = notice.levels.flatMap { level in
                declaration.policy.levels.indices.contains(level) ? declaration.policy.levels[level].receivers : []
            }
            state.withLock { state in
                for name in Set(names) { state.owed[name, default: [:]][notice.record.finding.key] = notice.record }
            }
        }
        let owed = state.withLock { $0.owed }
        for (name, alerts) in owed.sorted(by: { $0.key < $1.key }) where !alerts.isEmpty {
            guard let receiver = receivers[name] else {
                state.withLock { $0.owed[name] = nil }
                continue
            }
            do throws(AlertDeliveryError) {
                try await receiver.tell(alerts.values.sorted { $0.finding.key < $1.finding.key }, display: display)
                state.withLock { state in
                    for (key, record) in alerts where state.owed[name]?[key] == record { state.owed[name]?[key] = nil }
                }
            } catch {
                logger.error("alerts not delivered", metadata: [LogKey.name: "\(name)", LogKey.error: "\(error)"])
            }
        }
    }

    private func refreshIfDue(
        _ changed: [AlertRecord],
        _ before: [String: AlertRecord],
        _ silences: [AlertSilence]
    ) async {
        let isDue = state.withLock { state in
            if let last = state.refreshed, last.duration(to: .now) < AlertLoop.refresh { return false }
            state.refreshed = .now
            return true
        }
        guard isDue else { return }
        let now = before.merging(changed.map { ($0.finding.key, $0) }) { $1 }
        let firing = now.values.filter { record in
            record.isFiring && !silences.contains { $0.matches(record.finding) }
        }
        for (name, receiver) in receivers where receiver.isRefreshed {
            do throws(AlertDeliveryError) {
                try await receiver.tell(firing.sorted { $0.finding.key < $1.finding.key }, display: display)
            } catch {
                state.withLock { $0.refreshed = nil }
                logger.error("alerts not refreshed", metadata: [LogKey.name: "\(name)", LogKey.error: "\(error)"])
            }
        }
    }
}

/// Without the store there is no lease and no memory of others: each process tells the same alert, under the same key.
extension AlertLoop {
    /// For `LeaderLoop`, when a turn or the lease has failed.
    package func failed(_ error: any Error) async {
        guard let error = error as? StoreError, error.isRetryable else { return }
        let record = state.withLock { state -> AlertRecord? in
            let since = state.storeLostSince ?? .now
            state.storeLostSince = since
            guard since.duration(to: .now) >= AlertLoop.storePatience, state.storeAlert == nil else { return nil }
            let finding = AlertFinding(
                .storeDown,
                severity: .critical,
                summary: "the store has not answered for \(Int(AlertLoop.storePatience.seconds)) s: \(error.label)",
                cause: "the database is down, unreachable or full; workers park, the broker keeps the jobs",
                command: "jobctl doctor"
            )
            state.storeAlert = AlertRecord(finding, since: .now())
            return state.storeAlert
        }
        guard let record else { return }
        logger.error(
            "alert",
            metadata: [LogKey.name: "\(record.finding.key)", LogKey.error: "\(record.finding.summary)"]
        )
        await tellEverybody(record)
    }

    private func storeAnswers() async {
        let record = state.withLock { state -> AlertRecord? in
            state.storeLostSince = nil
            defer { state.storeAlert = nil }
            return state.storeAlert
        }
        guard var record else { return }
        record.resolvedAt = .now()
        await tellEverybody(record)
    }

    private func tellEverybody(_ record: AlertRecord) async {
        let first = declaration.policy.levels.first?.receivers ?? []
        for name in first {
            guard let receiver = receivers[name] else { continue }
            do throws(AlertDeliveryError) {
                try await receiver.tell([record], display: display)
            } catch {
                logger.error("alert not delivered", metadata: [LogKey.name: "\(name)", LogKey.error: "\(error)"])
            }
        }
    }
}
