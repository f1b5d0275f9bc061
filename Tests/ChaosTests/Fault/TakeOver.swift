import Admin
import Foundation
import JobCore

/// Measures how soon the jobs a killed worker held are ready for others.
struct TakeOver: Sendable {
    let ground: Ground

    /// What a killed worker held, as far as it can be told apart from the others'.
    enum Estate: Sendable {
        /// Embedded: the boot id its claims are booked on.
        case claims(bootID: String)
        /// Cluster: consumers of the lane before the kill; the broker returns a dead one's jobs and drops it at once.
        case consumers(Int)
    }

    /// Before the kill. Nil when the worker holds nothing, or the broker does not answer.
    func estate(of pid: pid_t) async -> Estate? {
        switch ground.profile {
        case .embedded:
            guard let bootID = bootID(of: pid), let claims = await claims(of: bootID), claims > 0 else { return nil }
            return .claims(bootID: bootID)
        case .cluster:
            guard let consumers = await consumers(), consumers > 0 else { return nil }
            return .consumers(consumers)
        }
    }

    /// Nil when it cannot be told within the limit.
    func duration(
        of estate: Estate,
        from start: ContinuousClock.Instant,
        within limit: Duration = .seconds(10)
    ) async -> Duration? {
        while ContinuousClock.now - start < limit {
            switch estate {
            case .claims(let bootID):
                if await claims(of: bootID) == 0 { return ContinuousClock.now - start }
            case .consumers(let before):
                guard let now = await consumers() else { return nil }
                if now < before { return ContinuousClock.now - start }
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return nil
    }

    /// The lock file of a process is named after its boot id and holds its number.
    private func bootID(of pid: pid_t) -> String? {
        let folder = ground.databasePath + ".workers"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.first { name in
            let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            return text?.trimmingCharacters(in: .whitespacesAndNewlines) == "\(pid)"
        }
    }

    private func claims(of bootID: String) async -> Int? {
        try? await ground.platform.store.driver.read { session throws(StoreError) in
            let rows = try session.query(
                "select count(*) as n from ready_messages where claimed_by = :process",
                ["process": .text(bootID)]
            )
            guard let row = rows.first else { return 0 }
            return Int(clamping: try row.int("n"))
        }
    }

    private func consumers() async -> Int? {
        try? await ground.platform.broker.depths(["system"])["system"]?.consumers
    }
}
