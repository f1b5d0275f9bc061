import Foundation

/// What a worker says when it has started all the jobs it was to wait for. Instants and durations in µs, memory in bytes.
struct WorkReport: Codable, Sendable {
    let count: Int
    let beganAt: Int64
    let endedAt: Int64
    /// Of the whole process between first and last.
    let cpu: Int64
    let peakMemory: Int64
    let latency: Percentiles?

    var rate: Double { perSecond(count, beganAt, endedAt) }
    var cpuPerJob: Double { Double(cpu) / Double(max(1, count)) }
}

/// What a producer says when everything it sent is confirmed.
struct EnqueueReport: Codable, Sendable {
    let count: Int
    let beganAt: Int64
    let endedAt: Int64
    let cpu: Int64
    /// Of the calls, each from before its encoding to its confirmation.
    let call: Percentiles?

    var rate: Double { perSecond(count, beganAt, endedAt) }
}

func perSecond(_ count: Int, _ beganAt: Int64, _ endedAt: Int64) -> Double {
    Double(count) * 1e6 / Double(max(1, endedAt - beganAt))
}

/// A process's way to tell its parent: one line of JSON on standard output.
enum Report {
    static func send(_ report: some Encodable) throws {
        let line = try JSONEncoder().encode(report) + Data("\n".utf8)
        try FileHandle.standardOutput.write(contentsOf: line)
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
