/// What a lane held at one instant.
package struct FlowSample: Sendable, Equatable {
    package let at: Timestamp
    package let ready: Int64
    /// How many messages worker processes have taken from the lane since ever, less what they gave back.
    package let taken: Int64

    package init(at: Timestamp, ready: Int64, taken: Int64) {
        self.at = at
        self.ready = ready
        self.taken = taken
    }
}

/// The history of a lane: where its head stood when. A queue hands out in the order of arrival, so the message at the
/// head arrived when the stream, taken plus ready, first grew beyond what has been taken by now. Pure.
package struct FlowLedger: Sendable, Equatable {
    /// Rates are taken over this much of the past.
    package static let rateWindow: Duration = .seconds(60)

    private struct Position: Equatable {
        let at: Timestamp
        /// Messages that had come by then, and that had gone.
        let arrived: Int64
        let gone: Int64
        /// More had left than workers had told: by then more had come, too.
        let isBehind: Bool
    }

    private let positions: [Position]

    /// - Parameter samples: in the order of time.
    package init(_ samples: [FlowSample]) {
        var positions: [Position] = []
        // Messages that left without a worker: a purge, or somebody with a tool.
        var hidden: Int64 = 0
        var arrived: Int64 = 0
        var missedBefore: Int64 = 0
        var last: FlowSample?
        for sample in samples {
            if let last, sample.at <= last.at { continue }
            // The stream never shrinks. Where it seems to, more has left than workers have told so far: they tell every
            // second, and what they do not tell by the next sample either, they never will.
            if let last {
                var missing = max(0, arrived - (sample.taken + hidden + sample.ready))
                if last.taken == sample.taken {
                    let silent = min(missing, missedBefore)
                    hidden += silent
                    missing -= silent
                }
                missedBefore = missing
                arrived = max(arrived, sample.taken + hidden + sample.ready)
            } else {
                arrived = sample.taken + sample.ready
            }
            positions.append(
                Position(at: sample.at, arrived: arrived, gone: arrived - sample.ready, isBehind: missedBefore > 0)
            )
            last = sample
        }
        self.positions = positions
    }

    /// Between which instants the message arrived that is at the head now: after `after` (nil when it was there before the
    /// first sample), and not later than `by`. Nil when nothing is ready, or nothing is known.
    package var headArrival: (after: Timestamp?, by: Timestamp)? {
        guard let now = positions.last, now.arrived > now.gone else { return nil }
        guard let first = positions.firstIndex(where: { $0.arrived > now.gone }) else { return nil }
        return (positions[..<first].last { !$0.isBehind }?.at, positions[first].at)
    }

    /// Messages a second; nil without two samples in the window.
    package var rates: (in: Double, out: Double)? {
        guard let last = positions.last else { return nil }
        let edge = last.at.advanced(by: .zero - FlowLedger.rateWindow)
        guard let first = positions.first(where: { $0.at >= edge }), first.at < last.at else { return nil }
        let seconds = last.at.duration(since: first.at).seconds
        return (
            max(0, Double(last.arrived - first.arrived)) / seconds, max(0, Double(last.gone - first.gone)) / seconds
        )
    }

    /// How long nothing has left, as far as the samples go back; zero when something just has.
    package var standstill: Duration {
        guard let last = positions.last else { return .zero }
        let since = positions.last { $0.gone < last.gone }?.at ?? positions.first?.at ?? last.at
        return last.at.duration(since: since)
    }
}
