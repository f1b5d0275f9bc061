package import Foundation
package import JobCore

/// What is known of a lone process that has ended, and what follows from it.
package struct LoneDeath: Sendable {
    let answer: Data?
    /// As `waitpid` gives it.
    let status: Int32
    /// By us: its deadline, or the drain.
    let wasStopped: Bool
    /// The kernel has killed somebody for memory meanwhile.
    let wasOutOfMemory: Bool

    package init(answer: Data?, status: Int32, wasStopped: Bool, wasOutOfMemory: Bool) {
        self.answer = answer
        self.status = status
        self.wasStopped = wasStopped
        self.wasOutOfMemory = wasOutOfMemory
    }

    /// Signals that come from elsewhere: no program does that to itself by mistake.
    private static let fromOutside: Set<Int32> = [SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGSTOP, SIGXCPU]

    package var ending: LoneEnding {
        if let answer, let decoded = try? JSONDecoder().decode(LoneAnswer.self, from: answer) {
            return .answered(decoded)
        }
        if wasStopped { return .killed("stopped before it had ended") }
        let signal = status & 0x7F
        if signal == 0 {
            let code = status >> 8 & 0xFF
            if code == LoneProcess.couldNotBegin { return .killed("a process of its own could not begin") }
            return .died("its process ended with status \(code) while it ran alone")
        }
        if signal == SIGKILL, wasOutOfMemory { return .died("its process was killed for memory while it ran alone") }
        if LoneDeath.fromOutside.contains(signal) { return .killed("its process was sent signal \(signal)") }
        return .died("its process died by signal \(signal) while it ran alone")
    }
}

/// How often the kernel has killed a process for memory since boot.
enum OutOfMemory {
    static var kills: Int {
        guard let text = try? String(contentsOfFile: "/proc/vmstat", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("oom_kill ") })
        else { return 0 }
        return line.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }
}
