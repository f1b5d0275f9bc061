import Foundation
import JobCore

/// How many requests come when, and what jobs each brings.
struct LoadPlan: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case normal, peak, stress, endurance

        /// Of the peak that was named.
        var factor: Double {
            switch self {
            case .normal: 1.2
            case .peak: 2
            case .stress: 5
            case .endurance: 1.5
            }
        }

        /// In real life; a run is shorter by `--compress`.
        var length: Duration {
            switch self {
            case .normal, .peak: .seconds(3600)
            case .stress: .seconds(1800)
            case .endurance: .seconds(8 * 3600)
            }
        }
    }

    /// A stand-in for a family's jobs: so many of hundred, so long, in this lane. Measured and assumed: docs/capacity.md.
    struct Part: Sendable {
        let name: String
        let percent: Int
        let workMs: Int
        let lane: Lane
    }

    static let mix = [
        Part(name: "push", percent: 40, workMs: 5, lane: .high),
        Part(name: "e-mail", percent: 15, workMs: 20, lane: .normal),
        Part(name: "moderation", percent: 20, workMs: 2, lane: .normal),
        Part(name: "analytics", percent: 25, workMs: 1, lane: .bulk),
    ]

    let kind: Kind
    /// Requests a second at the peak that was named.
    let peak: Double
    let jobsPerRequest: Int
    let compress: Int

    var length: Duration { .milliseconds(kind.length.milliseconds / Int64(compress)) }
    /// Jobs a second while it is at its height.
    var height: Double { peak * kind.factor * Double(jobsPerRequest) }

    /// A tenth of the time up, a tenth down, between them waves of 10 %, as visitors come.
    func rate(at elapsed: Duration) -> Double {
        let share = elapsed.seconds / length.seconds
        guard (0..<1).contains(share) else { return 0 }
        let slope = min(1, min(share, 1 - share) / 0.1)
        return height * slope * (1 + 0.1 * sin(share * 6 * .pi)) / 1.1
    }

    /// The parts in turn, so that each hundred is the mix.
    static func part(_ number: Int) -> Part {
        // 37 and 100 have no common divisor: neighbours are of different kinds.
        var place = number * 37 % 100
        for part in mix {
            if place < part.percent { return part }
            place -= part.percent
        }
        return mix[0]
    }
}
