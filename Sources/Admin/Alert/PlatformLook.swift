import Foundation
import JobCore
import Scheduler

/// One look at everything that alerts are about.
struct PlatformLook: Sendable {
    private let platform: Platform
    private let manifest: Manifest

    init(_ platform: Platform, _ manifest: Manifest) {
        self.platform = platform
        self.manifest = manifest
    }

    func facts() async throws -> AlertFacts {
        let (store, broker) = (platform.store, platform.broker)
        let queues = try await store.lanes().brokerQueues
        var depths: [String: QueueDepth]?
        var brokerError: String?
        do throws(BrokerError) {
            depths = try await broker.depths(queues)
        } catch {
            brokerError = error.label
        }
        let (before, began) = (Timestamp.now(), ContinuousClock.now)
        let theirs = try await store.now()
        let record = try await platform.lanes(guessing: true)
        var facts = AlertFacts(record: record)
        facts.clockOffset = before.advanced(by: began.duration(to: .now) / 2).duration(since: theirs)
        facts.brokerError = brokerError
        if brokerError == nil { facts.brokerAlarm = await broker.alarm() }
        let thresholds = manifest.queues.mapValues(\.lagThreshold).merging(manifest.alerts.lagThresholds) { $1 }
        facts.reports = LaneReport.all(of: record, depths: depths, thresholds: thresholds)
        let lost = QueueAddress(Topology.unroutableQueue)
        facts.unroutable = (depths?[lost.name]?.ready ?? 0) + Int(record.dead[lost] ?? 0)
        facts.loops = try await store.loops()
        if !manifest.schedules.isEmpty { facts.schedules = try await store.schedules() }
        let quotas = manifest.limits.values.filter { $0.rule.kind == "quota" }
        if !quotas.isEmpty { facts.quotas = try await LimitRow.all(quotas, platform).compactMap(\.quotaFact) }
        for outbox in platform.outboxes {
            // One that does not answer says so through its loop.
            if let status = try? await outbox.status() { facts.outboxes[outbox.display] = status }
        }
        if let folder = platform.storeFolder {
            let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
            facts.diskFree = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value
        }
        return facts
    }
}

extension LimitRow {
    fileprivate var quotaFact: QuotaFact? {
        guard case .quota(let quota) = rule, let resetsAt else { return nil }
        return QuotaFact(
            name: limit.name,
            used: record.used ?? 0,
            budget: quota.budget,
            warnPercent: quota.warnPercent,
            resetsAt: resetsAt
        )
    }
}
