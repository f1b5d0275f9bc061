import Testing

@testable import RabbitMQ

@Suite struct ConfirmLedgerTests {
    typealias Ledger = ConfirmLedger<Int>

    private func ledger(_ count: Int) -> Ledger {
        var ledger = Ledger()
        for number in 1...count { ledger.sent(number, messageID: "id-\(number)", now: .now) }
        return ledger
    }

    private func answered(
        _ ledger: inout Ledger,
        _ tag: UInt64,
        multiple: Bool = false,
        positive: Bool = true
    ) -> [String] {
        var settled: [String] = []
        ledger.answered(tag, multiple: multiple, positive: positive) { settled.append("\($0) \($1)") }
        return settled
    }

    @Test func `single answers may come in any order`() {
        var ledger = ledger(3)
        #expect(answered(&ledger, 2) == ["2 confirmed"])
        #expect(answered(&ledger, 3, positive: false) == ["3 rejected"])
        #expect(ledger.inFlight == 1)
        #expect(answered(&ledger, 1) == ["1 confirmed"])
        #expect(ledger.inFlight == 0 && ledger.oldest == nil && ledger.nextSequence == 4)
    }

    @Test func `a range settles all up to its end, once`() {
        var ledger = ledger(5)
        #expect(answered(&ledger, 2) == ["2 confirmed"])
        #expect(answered(&ledger, 4, multiple: true) == ["1 confirmed", "3 confirmed", "4 confirmed"])
        #expect(answered(&ledger, 4, multiple: true) == [])
        #expect(answered(&ledger, 0, multiple: true, positive: false) == ["5 rejected"])
        #expect(ledger.inFlight == 0)
    }

    @Test func `answers to what was never sent change nothing and are counted`() {
        var ledger = ledger(2)
        for tag in [0, 3, 99, .max] as [UInt64] { #expect(answered(&ledger, tag) == []) }
        #expect(ledger.strays == 4 && ledger.inFlight == 2)
        #expect(answered(&ledger, 1) == ["1 confirmed"])
        #expect(answered(&ledger, 1) == [])
        #expect(ledger.strays == 5)
        #expect(answered(&ledger, .max, multiple: true) == ["2 confirmed"])
        #expect(ledger.strays == 6)
    }

    @Test func `what was abandoned is answered to nobody, and takes nobody else's answer`() {
        var ledger = ledger(3)
        #expect(answered(&ledger, 2) == ["2 confirmed"])
        #expect(ledger.abandon().map(\.token) == [1, 3])
        #expect(ledger.inFlight == 0 && ledger.oldest == nil && ledger.nextSequence == 4)
        ledger.sent(4, messageID: nil, now: .now)
        #expect(answered(&ledger, 3, multiple: true) == [])
        #expect(answered(&ledger, 4) == ["4 confirmed"])
    }

    @Test func `a return marks the first message of its id that has none, and its confirm tells it`() {
        var ledger = Ledger()
        for (number, id) in ["a", "b", "b", "c"].enumerated() { ledger.sent(number, messageID: id, now: .now) }
        ledger.returned(.messageID("b"), code: 312, text: "NO_ROUTE")
        ledger.returned(.messageID("b"), code: 312, text: "NO_ROUTE")
        #expect(ledger.inFlight == 4)
        let returned = "returned(code: 312, text: \"NO_ROUTE\")"
        #expect(
            answered(&ledger, 4, multiple: true) == ["0 confirmed", "1 \(returned)", "2 \(returned)", "3 confirmed"]
        )
    }

    @Test func `a return without id is found by its sequence, a strange one is counted`() {
        var ledger = Ledger()
        for number in 1...3 { ledger.sent(number, messageID: nil, now: .now) }
        ledger.returned(.sequence(2), code: 312, text: "x")
        ledger.returned(.sequence(9), code: 312, text: "x")
        ledger.returned(.messageID("never"), code: 312, text: "x")
        ledger.returned(nil, code: 312, text: "x")
        #expect(ledger.strays == 3)
        #expect(answered(&ledger, 2) == ["2 returned(code: 312, text: \"x\")"])
    }

    @Test func `the loss of the channel gives back what is unanswered, in order, and starts at one`() {
        var ledger = ledger(4)
        _ = answered(&ledger, 2)
        ledger.returned(.messageID("id-3"), code: 312, text: "x")
        let drained = ledger.drain()
        #expect(drained.map(\.token) == [1, 3, 4])
        #expect(drained.map { $0.returned != nil } == [false, true, false])
        #expect(ledger.inFlight == 0 && ledger.nextSequence == 1)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `random answers settle each message exactly once`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var ledger = Ledger()
        var settled: [Int: Int] = [:]
        var sent = 0
        for _ in 0..<3_000 {
            if Bool.random(using: &random) {
                sent += 1
                ledger.sent(sent, messageID: nil, now: .now)
            } else {
                let tag = UInt64.random(in: 0...UInt64(sent + 2), using: &random)
                ledger.answered(tag, multiple: Int.random(in: 0..<8, using: &random) == 0, positive: true) { token, _ in
                    settled[token, default: 0] += 1
                }
            }
            #expect(ledger.inFlight == sent - settled.count)
        }
        ledger.answered(0, multiple: true, positive: true) { token, _ in settled[token, default: 0] += 1 }
        #expect(settled.count == sent && settled.values.allSatisfy { $0 == 1 })
        #expect(ledger.nextSequence == UInt64(sent + 1))
    }
}
