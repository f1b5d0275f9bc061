import Testing

@testable import JobCore

@Suite struct LagEstimateTests {
    struct Case: Sendable {
        let name: String
        let evidence: LagEstimate.Evidence
        let lag: Duration?
        var low: Duration?
        var isEstimated = false
    }

    private static func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: second * 1000) }

    static let cases: [Case] = [
        Case(name: "the broker does not answer", evidence: .init(ready: nil, oldestReadyAt: at(90)), lag: nil),
        Case(name: "nothing is ready", evidence: .init(ready: 0), lag: .zero),
        Case(name: "empty, whatever was delivered", evidence: .init(ready: 0, deliveredReadyAt: at(1)), lag: .zero),
        Case(name: "the broker knows the oldest", evidence: .init(ready: 3, oldestReadyAt: at(40)), lag: .seconds(60)),
        Case(
            name: "exact knowledge wins over a bound",
            evidence: .init(ready: 3, oldestReadyAt: at(90), deliveredReadyAt: at(10)),
            lag: .seconds(10)
        ),
        Case(
            name: "not older than what was delivered last",
            evidence: .init(ready: 3, deliveredReadyAt: at(70)),
            lag: .seconds(30),
            isEstimated: true
        ),
        Case(
            name: "not older than when it was empty",
            evidence: .init(ready: 3, deliveredReadyAt: at(10), emptyAt: at(95)),
            lag: .seconds(5)
        ),
        Case(
            name: "the history says when the head came",
            evidence: .init(
                ready: 4,
                deliveredReadyAt: at(10),
                ledger: FlowLedger([
                    FlowSample(at: at(83), ready: 0, taken: 7), FlowSample(at: at(85), ready: 3, taken: 7),
                    FlowSample(at: at(100), ready: 4, taken: 7),
                ])
            ),
            lag: .seconds(18),
            low: .milliseconds(12_500)
        ),
        Case(
            name: "what a dead process had is at the front",
            evidence: .init(ready: 4, deliveredReadyAt: at(95), orphanedReadyAt: at(60)),
            lag: .seconds(40)
        ),
        Case(name: "ready and no evidence is unknown, never zero", evidence: .init(ready: 1), lag: nil),
        Case(
            name: "unknown stays unknown beside other evidence",
            evidence: .init(ready: 1, unstartedReadyAt: at(99)),
            lag: nil
        ),
        Case(name: "an overdue row counts", evidence: .init(ready: 0, overdue: .seconds(20)), lag: .seconds(20)),
        Case(
            name: "fetched but not started counts",
            evidence: .init(ready: 0, unstartedReadyAt: at(50)),
            lag: .seconds(50)
        ),
        Case(
            name: "the worst of all",
            evidence: .init(ready: 1, oldestReadyAt: at(95), unstartedReadyAt: at(90), overdue: .seconds(70)),
            lag: .seconds(70)
        ),
        Case(
            name: "a producer's clock ahead is no negative lag",
            evidence: .init(ready: 1, oldestReadyAt: at(130)),
            lag: .zero
        ),
    ]

    @Test(arguments: cases)
    func `lag is the age of the oldest job that could run now`(_ one: Case) {
        let estimate = LagEstimate(one.evidence, now: Self.at(100))
        #expect(estimate.lag == one.lag, "\(one.name)")
        #expect(estimate.isEstimated == one.isEstimated, "\(one.name)")
        if let low = one.low { #expect(estimate.low == low, "\(one.name)") }
    }

    @Test func `only a measurement within the threshold is ok`() {
        func report(_ depth: QueueDepth?, workers: Int, overdueBy: Duration? = nil) -> LaneReport? {
            var record = LaneRecord(now: Self.at(100))
            let address = QueueAddress("mail")
            record.routes = [Topology.Route(routingKey: "mail.send", job: "mail.send", address: address)]
            if let overdueBy { record.waiting[address] = .init(overdue: 1, overdueBy: overdueBy) }
            record.workers = (0..<workers).map { LagEstimateTests.worker("w\($0)") }
            let depths = depth.map { ["mail": $0] }
            return LaneReport.all(of: record, depths: depths ?? [:], thresholds: ["mail": .seconds(10)]).first
        }
        #expect(report(QueueDepth(ready: 0, consumers: 1), workers: 1)?.verdict == .ok)
        #expect(
            report(QueueDepth(ready: 1, consumers: 0, oldestReadyAt: Self.at(99)), workers: 0)?.verdict == .noWorkers
        )
        #expect(report(QueueDepth(ready: 1, consumers: 1, oldestReadyAt: Self.at(99)), workers: 1)?.verdict == .ok)
        #expect(
            report(QueueDepth(ready: 1, consumers: 1, oldestReadyAt: Self.at(80)), workers: 1)?.verdict
                == .fallingBehind
        )
        #expect(
            report(QueueDepth(ready: 0, consumers: 1), workers: 1, overdueBy: .seconds(50))?.verdict == .fallingBehind
        )
        #expect(report(QueueDepth(ready: 1, consumers: 1), workers: 1)?.verdict == .unknown)
        #expect(report(nil, workers: 1)?.verdict == .unknown)
        #expect(report(nil, workers: 1)?.isOK == false)
    }

    private static func worker(_ id: String) -> WorkerRecord {
        WorkerRecord(
            id: id,
            host: "h",
            pid: 1,
            build: "b",
            queues: ["mail"],
            running: [],
            runningCounts: [:],
            heartbeatAge: .zero,
            state: .up
        )
    }
}
