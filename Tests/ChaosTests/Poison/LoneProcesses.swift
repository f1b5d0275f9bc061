import Foundation

/// Processes that workers have made for one attempt.
enum LoneProcesses {
    /// The children of these processes, by the process table.
    static func of(_ parents: [pid_t]) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in parent(of: pid).map(parents.contains) ?? false }
    }

    /// The second field after the name, which is in brackets and may hold anything.
    private static func parent(of pid: pid_t) -> pid_t? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 1 ? pid_t(fields[1]) : nil
    }
}
