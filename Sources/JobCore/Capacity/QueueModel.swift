import Foundation

/// A queue with several servers in the steady state: Erlang's delay formula for exponential times (M/M/c), scaled for others by
/// Allen and Cunneen's approximation. Pure.
package struct QueueModel: Sendable, Equatable {
    /// Jobs a second.
    package let arrival: Double
    /// Seconds that one job takes, in the mean.
    package let service: Double
    /// Jobs that run at once, over all processes.
    package let slots: Int
    /// Standard deviation over mean of service times: 0 when all take the same, 1 exponential, more for long tails.
    package let variation: Double

    package init(arrival: Double, service: Double, slots: Int, variation: Double = 1) {
        self.arrival = arrival
        self.service = service
        self.slots = max(1, slots)
        self.variation = variation
    }

    /// Erlangs: how many slots are busy in the mean.
    package var load: Double { arrival * service }
    package var utilisation: Double { load / Double(slots) }
    package var isStable: Bool { utilisation < 1 }

    /// The share of jobs that must wait at all (Erlang C), by the recurrence for Erlang B that overflows nowhere.
    package var waitingShare: Double {
        guard isStable else { return 1 }
        var blocked = 1.0
        for server in 1...slots { blocked = load * blocked / (Double(server) + load * blocked) }
        return blocked / (1 - utilisation * (1 - blocked))
    }

    /// Seconds in the mean; infinite when more comes than goes.
    package var meanWait: Double {
        guard isStable else { return .infinity }
        return waitingShare * service / (Double(slots) * (1 - utilisation)) * spread
    }

    /// Seconds that so large a share of the jobs does not wait longer than, 0…1.
    package func wait(ofShare share: Double) -> Double {
        guard isStable else { return .infinity }
        guard waitingShare > 1 - share else { return 0 }
        return log(waitingShare / (1 - share)) * service / (Double(slots) * (1 - utilisation)) * spread
    }

    /// How long a backlog takes while new jobs go on coming; infinite when it does not shrink.
    package func drain(_ backlog: Double) -> Double {
        isStable ? backlog / (Double(slots) / service - arrival) : .infinity
    }

    private var spread: Double { (1 + variation * variation) / 2 }

    /// The fewest slots with which 95 % of the jobs wait no longer than the goal, and no more of them are busy than so.
    package static func fewest(
        arrival: Double,
        service: Double,
        goal: Double,
        variation: Double,
        maximumUtilisation: Double
    ) -> QueueModel {
        let least = max(1, Int((arrival * service / maximumUtilisation).rounded(.up)))
        var slots = least
        while true {
            let model = QueueModel(arrival: arrival, service: service, slots: slots, variation: variation)
            if model.isStable, model.wait(ofShare: 0.95) <= goal { return model }
            slots += max(1, slots / 200)
        }
    }
}
