import Foundation

/// What a process has used, as the kernel counts it.
struct ProcessUsage: Sendable {
    let pid: pid_t

    static var own: ProcessUsage { ProcessUsage(pid: getpid()) }

    /// User and kernel time of all its threads, µs; the kernel counts in 10 ms.
    var cpu: Int64 {
        let fields = text("stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Int64(fields[11]), let kernel = Int64(fields[12]) else { return 0 }
        return (user + kernel) * 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The most memory it ever had resident, bytes.
    var peakMemory: Int64 {
        guard let line = text("status").split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap({ Int64($0) })
        else { return 0 }
        return kibibytes * 1_024
    }

    private func text(_ file: String) -> String {
        (try? String(contentsOfFile: "/proc/\(pid)/\(file)", encoding: .utf8)) ?? ""
    }
}
