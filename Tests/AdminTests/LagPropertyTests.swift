import Testing

@testable import JobCore

/// The estimate against a simulated lane whose truth is known: sampled every two and a half seconds, workers heard of every second.
@Suite struct `Lag of a simulated lane` {
    /// The kinds of hour a lane may have: messages that come and that are taken in a tick of 100 ms.
    enum Weather: CaseIterable {
        case idle, burst, overload, light, stalled, recovering

        func rates(_ random: inout SeededNumbers) -> (comes: Int, taken: Int) {
            switch self {
            case .idle: (0, 50)
            case .burst: (random.upTo(4) == 0 ? 300 : 0, 20)
            case .overload: (30, 20)
            case .light: (random.upTo(10) == 0 ? 1 : 0, 20)
            case .stalled: (random.upTo(3), 0)
            case .recovering: (2, 60)
            }
        }
    }

    @Test(arguments: 1...60)
    func `is off by one period and a second at most`(seed: Int) {
        var random = SeededNumbers(seed: UInt64(seed))
        var lane = SimulatedLane()
        var worst: Duration = .zero
        for _ in 0..<30 { lane.tick(comes: 0, taken: 0) }
        for _ in 0..<12 {
            let weather = Weather.allCases[random.upTo(Weather.allCases.count)]
            for _ in 0..<(100 + random.upTo(900)) {
                let (comes, taken) = weather.rates(&random)
                lane.tick(comes: comes, taken: taken)
                guard random.upTo(25) == 0 else { continue }
                let (estimate, truth) = (lane.estimate, lane.recentTruth)
                guard let high = estimate.lag, let low = estimate.low else {
                    Issue.record("unknown, though it has been sampled")
                    continue
                }
                // Workers are heard of every second: what is true of some instant since then is true.
                #expect(high >= truth.lowest - .seconds(1), "\(weather): \(high) for \(truth)")
                #expect(low <= truth.highest + .seconds(1), "\(weather): at least \(low) for \(truth)")
                worst = max(worst, high - truth.highest)
            }
        }
        #expect(worst <= .seconds(6))
    }

    @Test func `a purge with nothing after it is seen by the next look`() {
        var lane = SimulatedLane()
        for _ in 0..<50 { lane.tick(comes: 0, taken: 0) }
        for _ in 0..<600 { lane.tick(comes: 1, taken: 0) }
        #expect(lane.estimate.lag.map { $0 >= .seconds(54) } == true)
        lane.purge()
        lane.tick(comes: 0, taken: 0)
        #expect(lane.estimate.lag == .zero)
    }

    @Test func `after a gap in the sampling the interval is wide and says so`() {
        var lane = SimulatedLane()
        for _ in 0..<100 { lane.tick(comes: 0, taken: 0) }
        lane.isSampled = false
        for tick in 0..<6000 { lane.tick(comes: tick == 5000 ? 10 : 0, taken: 0) }
        lane.isSampled = true
        for _ in 0..<60 { lane.tick(comes: 0, taken: 0) }
        let estimate = lane.estimate
        #expect(estimate.isEstimated)
        #expect(estimate.lag.map { $0 >= lane.truth } == true, "the true age lies within")
        #expect(estimate.low.map { $0 <= lane.truth } == true)
    }

    @Test func `rates and forecasts say where it goes`() {
        var lane = SimulatedLane()
        for _ in 0..<1200 { lane.tick(comes: 30, taken: 20) }
        let rates = lane.ledger.rates
        #expect(rates.map { abs($0.in - 300) < 30 && abs($0.out - 200) < 30 } == true)
        let forecast = LaneForecast(
            ready: lane.ready,
            rates: rates,
            lag: lane.estimate.lag,
            threshold: .seconds(300),
            workers: 2
        )
        #expect(forecast.drain == nil)
        // The head ages by a third of a second every second.
        #expect(forecast.breach.map { $0 > .seconds(500) && $0 < .seconds(1000) } == true)
        #expect(forecast.workersWanted.map { (3...4).contains($0) } == true)
        for _ in 0..<900 { lane.tick(comes: 10, taken: 30) }
        let better = LaneForecast(
            ready: lane.ready,
            rates: lane.ledger.rates,
            lag: lane.estimate.lag,
            threshold: .seconds(300),
            workers: 2
        )
        #expect(better.breach == nil)
        #expect(better.drain.map { $0 < .seconds(60) } == true)
    }
}

/// Repeatable random numbers: a multiplicative generator (Park and Miller).
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 48_271 % 0x7FFF_FFFF + 1 }

    mutating func upTo(_ bound: Int) -> Int {
        state = state &* 48_271 % 0x7FFF_FFFF
        return Int(state >> 8) % bound
    }
}

/// A lane in ticks of 100 ms, and what the platform would see of it.
private struct SimulatedLane {
    private(set) var now = Timestamp(milliseconds: 1_000_000)
    var isSampled = true
    private var arrivals: [Timestamp] = []
    private var head = 0
    private var taken: Int64 = 0
    private var samples: [FlowSample] = []
    private var emptyAt: Timestamp?
    private var heardTaken: Int64 = 0
    private var delivered: Timestamp?
    private var heardDelivered: Timestamp?
    private var ticks = 0
    private var truths: [Duration] = []

    var ready: Int { arrivals.count - head }
    var truth: Duration { ready > 0 ? now.duration(since: arrivals[head]) : .zero }

    mutating func tick(comes: Int, taken wanted: Int) {
        now = now.advanced(by: .milliseconds(100))
        ticks += 1
        for _ in 0..<comes { arrivals.append(now) }
        let count = min(wanted, ready)
        if count > 0 { delivered = arrivals[head + count - 1] }
        head += count
        taken += Int64(count)
        truths.append(truth)
        if ticks % 10 == 0 { (heardTaken, heardDelivered) = (taken, delivered) }
        guard isSampled, ticks % 25 == 0 else { return }
        samples.append(FlowSample(at: now, ready: Int64(ready), taken: heardTaken))
        if ready == 0 { emptyAt = now }
    }

    /// Within the last 1.2 s.
    var recentTruth: (lowest: Duration, highest: Duration) {
        let recent = truths.suffix(12)
        return (recent.min() ?? .zero, recent.max() ?? .zero)
    }

    mutating func purge() { head = arrivals.count }

    var ledger: FlowLedger {
        FlowLedger(samples + [FlowSample(at: now, ready: Int64(ready), taken: heardTaken)])
    }

    var estimate: LagEstimate {
        LagEstimate(
            LagEstimate.Evidence(ready: ready, deliveredReadyAt: heardDelivered, emptyAt: emptyAt, ledger: ledger),
            now: now
        )
    }
}
