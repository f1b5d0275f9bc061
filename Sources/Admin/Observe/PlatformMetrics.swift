import Foundation
import JobCore
import Scheduler

/// What `/metrics` says: the platform's lanes as every process sees them, and what this process has done.
struct PlatformMetrics: Sendable {
    private let platform: Platform
    private let look: PlatformLook
    private let build: String
    private let times: @Sendable () -> [QueueAddress: AttemptTimes]

    init(
        _ platform: Platform,
        _ manifest: Manifest,
        build: String,
        times: @escaping @Sendable () -> [QueueAddress: AttemptTimes]
    ) {
        self.platform = platform
        look = PlatformLook(platform, manifest)
        self.build = build
        self.times = times
    }

    func page() async -> String {
        var page = MetricsPage()
        page.family(
            "jobs_build_info",
            .gauge,
            "The build of this process; always 1.",
            [([("build", build), ("profile", platform.profile.rawValue)], 1)]
        )
        process(&page)
        attempts(&page)
        do {
            let facts = try await look.facts()
            let alerts = try await platform.store.alerts()
            let leases = try await platform.store.leases()
            page.family(
                "jobs_up",
                .gauge,
                "Whether store and broker answered this scrape.",
                [([], facts.brokerError == nil ? 1 : 0)]
            )
            lanes(facts.reports, &page)
            brakes(facts, &page)
            page.family(
                "jobs_alerts_firing",
                .gauge,
                "Alerts that fire, by name.",
                AlertName.allCases.map { name in
                    let count = alerts.count { $0.isFiring && $0.finding.name == name }
                    return ([("alert", name.rawValue)], Double(count))
                }
            )
            page.family(
                "jobs_leader",
                .gauge,
                "Whether this process leads the loop.",
                leases.map { lease in
                    let leads = lease.remaining != nil && lease.holder == platform.processID
                    return ([("loop", lease.name)], leads ? 1 : 0)
                }
            )
        } catch {
            page.family("jobs_up", .gauge, "Whether store and broker answered this scrape.", [([], 0)])
        }
        return page.text
    }

    private func lanes(_ reports: [LaneReport], _ page: inout MetricsPage) {
        func each(_ value: (LaneReport) -> Double?) -> [(labels: [(String, String)], value: Double?)] {
            reports.map { (PlatformMetrics.labels($0.address), value($0)) }
        }
        page.family(
            "jobs_lag_seconds",
            .gauge,
            "Age of the oldest job that could run now, at most; absent when unknown.",
            each { $0.lag.lag?.seconds }
        )
        page.family(
            "jobs_lag_low_seconds",
            .gauge,
            "Age of the oldest job that could run now, at least.",
            each { $0.lag.low?.seconds }
        )
        page.family(
            "jobs_lag_threshold_seconds",
            .gauge,
            "Lag beyond which the lane is late.",
            each { $0.threshold.seconds }
        )
        page.family("jobs_lag_known", .gauge, "Whether the lag can be told.", each { $0.lag.lag == nil ? 0 : 1 })
        page.family("jobs_ready", .gauge, "Jobs in the broker that could run now.", each { $0.ready.map(Double.init) })
        page.family("jobs_running", .gauge, "Jobs that run.", each { Double($0.running) })
        page.family("jobs_waiting", .gauge, "Jobs that wait until their due time.", each { Double($0.waiting) })
        page.family("jobs_overdue", .gauge, "Waiting jobs past their due time.", each { Double($0.overdue) })
        page.family("jobs_dead", .gauge, "Open dead letters.", each { Double($0.dead) })
        page.family("jobs_workers", .gauge, "Living processes that serve the lane.", each { Double($0.workers) })
        let outcomes: [(String, (FlowCounts) -> Int64)] = [
            ("done", \.done), ("retried", \.retried), ("snoozed", \.snoozed), ("dead", \.dead), ("shed", \.shed),
        ]
        page.family(
            "jobs_outcomes_total",
            .counter,
            "Attempts of all processes by outcome, since the store was made.",
            reports.flatMap { report in
                outcomes.map { outcome, count in
                    (PlatformMetrics.labels(report.address) + [("outcome", outcome)], Double(count(report.flow)))
                }
            }
        )
        page.histograms(
            "jobs_latency_seconds",
            "Enqueue to done, of all processes, since the store was made.",
            reports.map { (PlatformMetrics.labels($0.address), $0.flow.latency) }
        )
    }

    private func brakes(_ facts: AlertFacts, _ page: inout MetricsPage) {
        page.family(
            "jobs_breaker_state",
            .gauge,
            "Of each dependency that has ever been down: 0 closed, 1 half open, 2 open.",
            facts.record.brakes.breakers.map { breaker in
                let state: Double = breaker.state == .closed ? 0 : breaker.state == .halfOpen ? 1 : 2
                return ([("dependency", breaker.name)], state)
            }
        )
        page.family(
            "jobs_queue_stopped",
            .gauge,
            "Whether a lane is paused or parked.",
            facts.reports.map { report in
                (PlatformMetrics.labels(report.address), [.paused, .parked].contains(report.state) ? 1 : 0)
            }
        )
        page.family(
            "jobs_quota_used_ratio",
            .gauge,
            "Share of a budget that is used in its present period.",
            facts.quotas.map { ([("limit", $0.name)], Double($0.used) / Double(max(1, $0.budget))) }
        )
    }

    private func attempts(_ page: inout MetricsPage) {
        let lanes = times().sorted { $0.key < $1.key }
        page.histograms(
            "jobs_wait_seconds",
            "Ready to started, of this process's attempts.",
            lanes.map { (PlatformMetrics.labels($0.key), $0.value.wait) }
        )
        page.histograms(
            "jobs_duration_seconds",
            "Started to ended, of this process's attempts.",
            lanes.map { (PlatformMetrics.labels($0.key), $0.value.duration) }
        )
    }

    private func process(_ page: inout MetricsPage) {
        // Of all threads, in microseconds: POSIX fixes the unit.
        let used = Double(clock()) / 1e6
        page.family(
            "process_cpu_seconds_total",
            .counter,
            "CPU time of this process.",
            [([], used)]
        )
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        page.family(
            "process_resident_memory_bytes",
            .gauge,
            "Resident memory of this process.",
            [([], pages.flatMap { $0.count > 1 ? Double($0[1]) : nil }.map { $0 * Double(getpagesize()) })]
        )
    }

    private static func labels(_ address: QueueAddress) -> [(String, String)] {
        [("queue", address.queue), ("lane", address.lane.rawValue)]
    }
}
