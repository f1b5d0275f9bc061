import Foundation
import Synchronization

/// How much memory processes hold, from a moment on.
final class ResidentMemory: Sendable {
    struct Growth: Sendable, CustomStringConvertible {
        let name: String
        /// Kibibytes at the beginning, and the most since.
        let before: Int
        let most: Int

        /// Less than 5 % and 10 MB.
        var isBounded: Bool { most - before < before / 20 + 10_240 }
        var description: String { "\(name) \(before / 1024) MB +\(max(0, most - before) / 1024)" }
    }

    private let pids: [(name: String, pid: pid_t)]
    private let sizes: Mutex<[(before: Int, most: Int)]>

    init(_ pids: [(name: String, pid: pid_t)]) {
        self.pids = pids
        sizes = Mutex(
            pids.map { process in
                let size = Self.size(of: process.pid) ?? 0
                return (size, size)
            }
        )
    }

    func look() {
        for (index, process) in pids.enumerated() {
            guard let size = Self.size(of: process.pid) else { continue }
            sizes.withLock { $0[index].most = max($0[index].most, size) }
        }
    }

    var growth: [Growth] {
        zip(pids, sizes.withLock { $0 }).map { Growth(name: $0.name, before: $1.before, most: $1.most) }
    }

    /// Kibibytes; nil when there is no such process.
    private static func size(of pid: pid_t) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return nil }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }
}
