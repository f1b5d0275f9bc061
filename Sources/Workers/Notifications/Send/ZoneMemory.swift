import JobCore
import Synchronization

/// Zones that were asked for, read once. People live in few.
final class ZoneMemory: Sendable {
    private let zones = Mutex<[String: TimeZoneRules]>([:])

    /// The rules of that name; UTC for one that this machine does not know.
    func rules(_ name: String) -> TimeZoneRules {
        if let known = zones.withLock({ $0[name] }) { return known }
        let rules = (try? ZoneFile.rules(name)) ?? .utc
        zones.withLock { zones in
            if zones.count >= 600 { zones = [:] }
            zones[name] = rules
        }
        return rules
    }
}
