import Foundation

/// The time by which schedules fire and waiting jobs become due. It is the real one, unless a test shifts it: then a week
/// passes in minutes for every process that reads the same file, while leases, heartbeats and kills stay on real time.
package struct ScheduleClock: Sendable, Equatable {
    private struct Shift: Equatable {
        let origin: Int64
        let started: Int64
        let speed: Int64
    }

    private let shift: Shift?

    package static let real = ScheduleClock(shift: nil)

    private init(shift: Shift?) {
        self.shift = shift
    }

    /// From `started` (real time) on it is `origin`, and goes on so many times faster.
    package init(origin: Timestamp, started: Timestamp, speed: Int64) {
        shift = Shift(origin: origin.milliseconds, started: started.milliseconds, speed: speed)
    }

    package var speed: Int64 { shift?.speed ?? 1 }

    package func time(at real: Timestamp) -> Timestamp {
        guard let shift else { return real }
        let passed = (real.milliseconds - shift.started).multipliedReportingOverflow(by: shift.speed)
        guard !passed.overflow else { return .latest }
        return Timestamp(milliseconds: shift.origin + passed.partialValue).bounded
    }

    /// For the setting `jobs.test_clock`, which `due_ms()` reads on PostgreSQL; nil on real time.
    package var setting: String? { shift.map { "\($0.origin) \($0.started) \($0.speed)" } }

    package enum Failure: Error, Equatable, CustomStringConvertible {
        case refused
        case unreadable(String)

        package var description: String {
            switch self {
            case .refused: "JOBS_TEST_CLOCK is set without JOBS_ALLOW_TEST_CLOCK=1"
            case .unreadable(let reason): "JOBS_TEST_CLOCK: \(reason)"
            }
        }
    }

    private struct File: Decodable {
        let origin: String
        let started: String
        let speed: Int64
    }

    /// Reads the file that `JOBS_TEST_CLOCK` names: `{"origin": INSTANT, "started": INSTANT, "speed": 3600}`.
    package static func fromEnvironment(_ environment: [String: String]) throws(Failure) -> ScheduleClock {
        guard let path = environment["JOBS_TEST_CLOCK"], !path.isEmpty else { return .real }
        guard environment["JOBS_ALLOW_TEST_CLOCK"] == "1" else { throw .refused }
        guard let bytes = FileManager.default.contents(atPath: path) else { throw .unreadable("no file at its path") }
        guard let file = try? JSONDecoder().decode(File.self, from: bytes),
            let origin = Timestamp(rfc3339: file.origin),
            let started = Timestamp(rfc3339: file.started), (1...1_000_000).contains(file.speed)
        else { throw .unreadable("wanted are origin and started, two instants, and speed, 1 to 1000000") }
        return ScheduleClock(origin: origin, started: started, speed: file.speed)
    }
}
