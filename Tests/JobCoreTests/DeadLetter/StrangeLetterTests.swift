import Testing

@testable import JobCore

@Suite struct `Letter of a message that is no job` {
    private func letter(_ change: (inout WireMessage) -> Void, oversize: Delivery.Oversize? = nil) -> DeadLetter {
        var message = WireMessage(routingKey: "anything at all", body: [0, 255])
        change(&message)
        return DeadLetter(
            strange: Delivery(
                tag: DeliveryTag(generation: 1, number: 1),
                message: message,
                redelivered: false,
                oversize: oversize
            ),
            id: JobID(),
            at: QueueAddress("q"),
            failure: Failure("malformed_json", "m"),
            build: "b",
            worker: "w"
        )
    }

    @Test func `keeps what came, without the broker's notes`() {
        let letter = letter { $0.headers = ["x-death": .list([]), "x-delivery-count": .int(1), "mine": .null] }
        #expect(letter.job == "anything at all")
        #expect(letter.payload == [0, 255])
        #expect(letter.headers == ["mine": .null])
    }

    @Test(arguments: [(HeaderValue.int(4), 4), (.int(-4), 0), (.string("4"), 0), (.int(.min), 0)])
    func `believes an attempt only if it is one`(value: HeaderValue, attempts: Int) {
        #expect(letter { $0.headers = [HeaderName.attempt: value] }.attempts == attempts)
    }

    @Test(arguments: [Int64.min, -5, .max])
    func `is born within the bounds of time`(milliseconds: Int64) {
        let born = letter { $0.headers = [HeaderName.enqueuedAt: .int(milliseconds)] }.enqueuedAt
        #expect(born == born.bounded)
        let stamped = letter { $0.timestamp = milliseconds }.enqueuedAt
        #expect(stamped == stamped.bounded)
    }

    @Test func `one death has one id, and a replayed one another`() {
        #expect(letter { _ in }.deathID == letter { _ in }.deathID)
        let replayed = letter { $0.headers = [HeaderName.replayOperation: .string("o")] }
        #expect(replayed.deathID != letter { _ in }.deathID)
    }

    @Test func `can be kept without its bytes`() {
        let bare = letter { $0.headers = ["mine": .null] }.withoutBytes(.refused("no"))
        #expect(bare.payload.isEmpty)
        #expect(bare.headers.isEmpty)
        #expect(bare.job == "unknown.job")
        #expect(bare.failure.label == "malformed_json")
        #expect(bare.oversize == Delivery.Oversize(length: 2, sha256: ""))
        let large = Delivery.Oversize(length: 3 << 20, sha256: "abc")
        #expect(letter({ _ in }, oversize: large).withoutBytes(.refused("no")).oversize == large)
    }
}
