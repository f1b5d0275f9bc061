import Foundation
import Testing

@testable import JobCore

@Suite struct `An attempt in another process` {
    private static let now = Timestamp(milliseconds: 1_795_356_000_000)

    private static func disposition(_ result: AttemptResult, attempt: Int) -> Disposition {
        let envelope = Envelope(
            id: JobID(),
            job: "system.probe",
            payload: [],
            attempt: attempt,
            enqueuedAt: now,
            readyAt: now
        )
        return .of(result, envelope: envelope, policy: RetryPolicy(maximumAttempts: 3), now: now, random: .max / 2)
    }

    /// All that a worker can do.
    static let endings: [AttemptEnding] = AttemptEnding.allCases.filter { ending in
        switch ending.sample {
        case .returned, .threw: true
        default: false
        }
    }

    @Test(arguments: endings)
    func `ends as it would have ended here`(ending: AttemptEnding) throws {
        let answer: LoneAnswer
        switch ending.sample {
        case .returned(let outcome): answer = LoneAnswer(outcome)
        case .threw(let error): answer = LoneAnswer(thrown: error)
        default: return
        }
        let received = try JSONDecoder().decode(LoneAnswer.self, from: try JSONEncoder().encode(answer))
        for attempt in [1, 3] {
            let there = Self.disposition(received.result, attempt: attempt)
            #expect(there == Self.disposition(ending.sample, attempt: attempt))
        }
    }

    @Test func `gets the message as it was`() throws {
        let message = WireMessage(
            routingKey: "system.probe",
            body: [0, 255, 10],
            messageID: JobID().description,
            type: "system.probe",
            contentType: "application/json",
            timestamp: 5,
            headers: ["x-job-attempt": .int(2), "mine": .list([.bytes([0, 255]), .double(1.5), .null])]
        )
        let task = LoneTask(
            message: message,
            timeout: .milliseconds(1500),
            generation: 2,
            deduplicates: true
        )
        #expect(try LoneTask(decoding: task.encoded()) == task)
    }
}
