import Foundation
import Testing

@testable import JobCore
@testable import Scheduler

@Suite struct AlertSurveyTests {
    private static func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: 1_000_000_000 + second * 1000) }

    private func facts(_ second: Int64, _ change: (inout LaneRecord) -> Void = { _ in }, ready: Int = 0) -> AlertFacts {
        let address = QueueAddress("mail")
        var record = LaneRecord(now: Self.at(second))
        record.routes = [Topology.Route(routingKey: "mail.send", job: "mail.send", address: address)]
        change(&record)
        var facts = AlertFacts(record: record)
        let depth = QueueDepth(ready: ready, consumers: 0, oldestReadyAt: ready > 0 ? Self.at(second - 400) : nil)
        facts.reports = LaneReport.all(of: record, depths: ["mail": depth], thresholds: [:])
        facts.loops = [
            LoopRecord(
                name: "promoter",
                process: "p",
                host: "h",
                pid: 1,
                leads: false,
                age: .seconds(2),
                workedAgo: .seconds(2),
                error: nil
            )
        ]
        return facts
    }

    private func names(_ findings: [AlertFinding]) -> Set<AlertName> {
        Set(findings.map(\.name)).subtracting([.watchdog])
    }

    @Test func `nothing wrong finds nothing but the watchdog`() {
        var survey = AlertSurvey(AlertDeclaration())
        #expect(survey.findings(facts(0)).map(\.name) == [.watchdog])
    }

    @Test func `each trouble has its name`() {
        func found(_ change: (inout AlertFacts) -> Void, ready: Int = 0) -> Set<AlertName> {
            var survey = AlertSurvey(AlertDeclaration())
            var facts = facts(0, ready: ready)
            change(&facts)
            return names(survey.findings(facts))
        }
        #expect(found({ _ in }, ready: 3) == [.lagHigh, .noWorkers])
        #expect(found { $0.loops = [] } == [.loopsStopped])
        #expect(found { $0.brokerError = "broker_unavailable" } == [.brokerDown])
        #expect(found { $0.brokerAlarm = "low on memory" } == [.brokerAlarm])
        #expect(found { $0.unroutable = 2 } == [.unroutable])
        #expect(found { $0.clockOffset = .seconds(-3) } == [.clockOff])
        #expect(found { $0.diskFree = 1 << 20 } == [.diskLow])
        #expect(
            found { $0.record.waiting[QueueAddress("mail")] = .init(overdue: 4, overdueBy: .seconds(11)) }
                == [.waitingOverdue]
        )
        let quota = QuotaFact(name: "month", used: 80, budget: 100, warnPercent: 80, resetsAt: Self.at(9))
        #expect(found { $0.quotas = [quota] } == [.quotaNear])
        let little = QuotaFact(name: "month", used: 79, budget: 100, warnPercent: 80, resetsAt: Self.at(9))
        #expect(found { $0.quotas = [little] } == [])
    }

    private func breaker(openings: Int, isHeld: Bool = false) -> BreakerRecord {
        BreakerRecord(
            name: "smtp",
            state: .open,
            reason: "20 of the last 20 attempts failed, the last with timeout",
            openings: openings,
            until: Self.at(5),
            remaining: .seconds(5),
            isHeld: isHeld,
            changedAt: Self.at(0),
            prober: nil,
            queues: ["mail"]
        )
    }

    @Test func `a breaker is told when its first try has failed, and what it parks is nobody's fault`() {
        func found(_ breaker: BreakerRecord) -> [AlertFinding] {
            var survey = AlertSurvey(AlertDeclaration())
            let facts = facts(
                0,
                { record in
                    record.brakes.breakers = [breaker]
                    record.waiting[QueueAddress("mail")] = .init(overdue: 4, overdueBy: .seconds(60))
                },
                ready: 3
            )
            return survey.findings(facts)
        }
        #expect(!names(found(breaker(openings: 1))).contains(.breakerOpen))
        #expect(!names(found(breaker(openings: 1))).contains(.waitingOverdue))
        let late = found(breaker(openings: 2))
        #expect(names(late).contains(.breakerOpen))
        #expect(
            late.first { $0.name == .lagHigh }?.cause.hasPrefix("it is parked: the breaker of smtp is open") == true
        )
        #expect(names(found(breaker(openings: 1, isHeld: true))).contains(.breakerOpen))
    }

    @Test func `letters that grow and a ratio that rises are seen over five minutes`() {
        var survey = AlertSurvey(AlertDeclaration())
        let mail = QueueAddress("mail")
        func at(_ second: Int64, done: Int64, dead: Int64, letters: Int64) -> Set<AlertName> {
            names(
                survey.findings(
                    facts(second) { record in
                        var flow = FlowCounts()
                        (flow.done, flow.dead) = (done, dead)
                        record.flows[mail] = flow
                        record.dead[mail] = letters
                    }
                )
            )
        }
        #expect(at(0, done: 1000, dead: 50, letters: 50).isEmpty, "what lies there already is no growth")
        #expect(at(60, done: 2000, dead: 50, letters: 50).isEmpty)
        #expect(at(120, done: 2100, dead: 51, letters: 51) == [.deadGrowing])
        #expect(at(180, done: 2200, dead: 80, letters: 80) == [.deadGrowing, .failureRatio])
        #expect(at(600, done: 9000, dead: 80, letters: 80).isEmpty, "five minutes later it is history")
    }

    @Test func `every alert has its runbook, and every runbook its alert`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../docs/runbooks"
        )
        let files = try FileManager.default.contentsOfDirectory(atPath: root.standardizedFileURL.path)
        let names = files.filter { $0.hasSuffix(".md") && $0 != "README.md" }.map { String($0.dropLast(3)) }
        #expect(Set(names) == Set(AlertName.allCases.map(\.rawValue)))
        for name in names {
            let text = try String(contentsOf: root.appendingPathComponent("\(name).md"), encoding: .utf8)
            for heading in ["## Meaning", "## Do", "## Why it happens"] { #expect(text.contains(heading), "\(name)") }
            #expect(text.contains("jobctl "), "\(name) names no command")
        }
    }
}
