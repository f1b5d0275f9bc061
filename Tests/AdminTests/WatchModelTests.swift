import Foundation
import Testing

@testable import Admin
@testable import JobCore

@Suite struct `The live view` {
    private static func sight(_ lags: [Int]) -> WatchModel.Sight {
        var record = LaneRecord(now: Timestamp(milliseconds: 2_000_000))
        var depths: [String: QueueDepth] = [:]
        for (index, lag) in lags.enumerated() {
            let address = QueueAddress("queue_\(index)")
            record.routes.append(Topology.Route(routingKey: "a.\(index)", job: "a.b", address: address))
            depths[address.name] = QueueDepth(
                ready: lag > 0 ? 5 : 0,
                consumers: 0,
                oldestReadyAt: lag > 0 ? record.now.advanced(by: .seconds(-lag)) : nil
            )
        }
        var sight = WatchModel.Sight()
        sight.reports = LaneReport.all(of: record, depths: depths, thresholds: [:])
        return sight
    }

    private func model(_ lags: [Int]) -> WatchModel {
        var model = WatchModel(title: "embedded /srv/jobs.db")
        model.update(.success(Self.sight(lags)))
        return model
    }

    @Test(arguments: [(80, 24), (80, 6), (40, 10), (200, 50)])
    func `fills its screen exactly, whatever its size`(width: Int, height: Int) {
        let lines = model(Array(repeating: 0, count: 30)).lines(width: width, height: height)
        #expect(lines.count == height)
        #expect(lines.allSatisfy { $0.text.count <= width })
        #expect(lines.last?.text.hasPrefix("↑↓ choose") == true)
    }

    @Test func `keeps the chosen lane in sight, and keys move it`() {
        var model = model(Array(repeating: 0, count: 30))
        #expect(model.lines(width: 80, height: 10).first { $0.style == .chosen }?.text.hasPrefix("queue_0 ") == true)
        for _ in 0..<12 { model.press(.down) }
        let chosen = model.lines(width: 80, height: 10).first { $0.style == .chosen }
        #expect(chosen != nil)
        for _ in 0..<50 { model.press(.up) }
        #expect(model.lines(width: 80, height: 10).first { $0.style == .chosen }?.text.hasPrefix("queue_0 ") == true)
    }

    @Test func `shows what is late, in words too, and a trend that grows`() {
        var model = model([0, 10])
        for lag in [100, 200, 290, 400] { model.update(.success(Self.sight([0, lag]))) }
        let lines = model.lines(width: 80, height: 24)
        let late = lines.first { $0.text.contains("queue_1") }
        #expect(late?.style == .bad && late?.text.contains("no_workers") == true)
        #expect(late?.text.contains("▁▃▆██") == true, "\(late?.text ?? "")")
    }

    @Test func `leads into a lane and back`() {
        var model = model([0, 10])
        model.press(.down)
        model.press(.enter)
        var text = model.lines(width: 80, height: 24).map(\.text)
        #expect(text[1] == "queue_1  no_workers" && text.contains("nobody serves it: jobctl work --queues queue_1"))
        #expect(text.last == "Esc back   q end")
        model.press(.back)
        text = model.lines(width: 80, height: 24).map(\.text)
        #expect(text[1].hasPrefix("QUEUE"))
        #expect(!model.hasEnded)
        model.press(.end)
        #expect(model.hasEnded)
    }

    @Test func `a look that fails leaves what was seen before, and says so`() {
        var model = model([0])
        model.update(.failure(CommandFailure(.tryLater, "store_unavailable", "the store does not answer")))
        let text = model.lines(width: 80, height: 24).map(\.text)
        #expect(text[1] == "cannot look: the store does not answer" && text[3].hasPrefix("queue_0"))
    }

    @Test func `reads the keys of terminals and of vi`() {
        #expect(WatchTerminal.key([0x1B, 0x5B, 0x41]) == .up && WatchTerminal.key([0x1B, 0x4F, 0x42]) == .down)
        #expect(WatchTerminal.key(Array("j".utf8)) == .down && WatchTerminal.key([0x0D]) == .enter)
        #expect(WatchTerminal.key([0x1B]) == .back && WatchTerminal.key(Array("q".utf8)) == .end)
        #expect(WatchTerminal.key(Array("x".utf8)) == .other)
    }
}
