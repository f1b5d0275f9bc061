import Foundation
import Testing

@testable import JobCore

@Suite struct `The queueing model` {
    /// From tables of Erlang C: 10 erlangs on 14 servers, 2 on 3, and the closed form for a single server.
    @Test func `agrees with published values`() {
        #expect(abs(QueueModel(arrival: 10, service: 1, slots: 14).waitingShare - 0.1741) < 0.0005)
        #expect(abs(QueueModel(arrival: 2, service: 1, slots: 3).waitingShare - 0.4444) < 0.0005)
        let single = QueueModel(arrival: 8, service: 0.1, slots: 1)
        #expect(abs(single.waitingShare - 0.8) < 1e-9)
        #expect(abs(single.meanWait - 0.4) < 1e-9)
        #expect(abs(single.wait(ofShare: 0.95) - log(0.8 / 0.05) / 2) < 1e-9)
        #expect(QueueModel(arrival: 8, service: 0.1, slots: 1, variation: 0).meanWait == single.meanWait / 2)
    }

    @Test func `an overloaded queue waits for ever, and a tiny one not at all`() {
        let over = QueueModel(arrival: 11, service: 1, slots: 10)
        #expect(over.meanWait == .infinity && over.wait(ofShare: 0.95) == .infinity && over.drain(1) == .infinity)
        #expect(QueueModel(arrival: 0.001, service: 0.01, slots: 4).wait(ofShare: 0.95) == 0)
        #expect(QueueModel(arrival: 5, service: 1, slots: 10).drain(100) == 20)
    }

    @Test func `the fewest slots meet the goal, and one less does not`() {
        for (arrival, service, goal) in [(900.0, 0.025, 0.01), (40.0, 1.2, 0.5), (3.0, 10.0, 1.0)] {
            let model = QueueModel.fewest(
                arrival: arrival,
                service: service,
                goal: goal,
                variation: 1,
                maximumUtilisation: 0.99
            )
            #expect(model.wait(ofShare: 0.95) <= goal)
            let less = QueueModel(arrival: arrival, service: service, slots: model.slots - 1)
            #expect(!less.isStable || less.utilisation > 0.99 || less.wait(ofShare: 0.95) > goal)
        }
        let big = QueueModel.fewest(
            arrival: 60_000,
            service: 1,
            goal: 300,
            variation: 1,
            maximumUtilisation: 0.8
        )
        #expect(big.slots == 75_000)
    }

    /// Jobs in the order of arrival, each to the slot that is free first: nothing of the formula in it.
    @Test(arguments: [(12, 1.0), (3, 1.0), (12, 0.0)])
    func `a simulation of half a million jobs agrees`(slots: Int, variation: Double) {
        let model = QueueModel(arrival: Double(slots) * 0.9 / 0.02, service: 0.02, slots: slots, variation: variation)
        var random = SeededRandom(seed: 7)
        func exponential(_ mean: Double) -> Double { -log(1 - Double.random(in: 0..<1, using: &random)) * mean }
        var free = Array(repeating: 0.0, count: slots)
        var (now, sum) = (0.0, 0.0)
        var waits: [Double] = []
        for _ in 0..<500_000 {
            now += exponential(1 / model.arrival)
            let next = free.indices.min { free[$0] < free[$1] } ?? 0
            let start = max(now, free[next])
            free[next] = start + (variation == 0 ? model.service : exponential(model.service))
            waits.append(start - now)
            sum += start - now
        }
        let mean = sum / Double(waits.count)
        let p95 = waits.sorted()[Int(Double(waits.count) * 0.95)]
        #expect(abs(mean - model.meanWait) / model.meanWait < 0.12, "mean \(mean), said \(model.meanWait)")
        #expect(abs(p95 - model.wait(ofShare: 0.95)) / p95 < 0.12, "p95 \(p95), said \(model.wait(ofShare: 0.95))")
    }
}
