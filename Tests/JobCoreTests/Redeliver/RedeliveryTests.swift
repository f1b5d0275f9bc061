import Foundation
import Testing

@testable import JobCore

@Suite struct `What to do with a job that comes back` {
    private struct Witness: DeathWitness {
        let dead: Set<String>
        func isKnownDead(_ sign: LastSign) -> Bool { dead.contains(sign.worker) }
    }

    private static let id = JobID()

    private static func key(_ attempt: Int, run: String = "", at readyAt: Int64 = 1000) -> AttemptKey {
        AttemptKey(id: id, run: run, attempt: attempt, readyAt: Timestamp(milliseconds: readyAt))
    }

    private static func started(_ key: AttemptKey, by worker: String) -> Trace {
        let sign = LastSign(worker: worker, host: nil, pid: nil, silence: .zero, saidGoodbye: false)
        return .started(key, sign)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let traces: [Trace]
        let expected: Redelivery

        init(_ name: String, _ traces: [Trace], _ expected: Redelivery) {
            (testDescription, self.traces, self.expected) = (name, traces, expected)
        }
    }

    /// The job that comes back is in its second attempt, which became ready at 1000.
    static let cases: [Case] = [
        Case("nothing is known", [], .run),
        Case("waits for an earlier attempt", [.waiting(attempt: 1, isClaimed: false)], .run),
        Case("waits for the same attempt", [.waiting(attempt: 2, isClaimed: false)], .finished),
        Case("the same attempt is being published", [.waiting(attempt: 2, isClaimed: true)], .run),
        Case("waits for a later attempt", [.waiting(attempt: 3, isClaimed: false)], .finished),
        Case("a later attempt is being published", [.waiting(attempt: 3, isClaimed: true)], .finished),
        Case("died in an earlier attempt", [.dead(run: "", attempt: 1)], .run),
        Case("died in this attempt", [.dead(run: "", attempt: 2)], .finished),
        Case("died in a later attempt", [.dead(run: "", attempt: 5)], .finished),
        Case("died in a replay", [.dead(run: "op", attempt: 2)], .run),
        Case("an earlier attempt was done", [.done(key(1))], .run),
        Case("was done", [.done(key(2))], .finished),
        Case("a later attempt was done", [.done(key(3))], .finished),
        Case("was snoozed since", [.done(key(2, at: 999))], .run),
        Case("was snoozed later", [.done(key(2, at: 1001))], .finished),
        Case("was done before a replay", [.done(key(2, run: "op"))], .run),
        Case("a dead process had it", [started(key(2), by: "dead")], .runAlone),
        Case("a living process has it", [started(key(2), by: "alive")], .run),
        Case("one of two is dead", [started(key(2), by: "alive"), started(key(2), by: "dead")], .runAlone),
        Case("a dead process had an earlier attempt", [started(key(1), by: "dead")], .run),
        Case("a dead process had it before it was snoozed", [started(key(2, at: 999), by: "dead")], .run),
        Case("a dead process had it, and it is done", [started(key(2), by: "dead"), .done(key(2))], .finished),
    ]

    @Test(arguments: cases)
    func `is decided by what the store knows`(_ given: Case) {
        #expect(Redelivery.of(Self.key(2), given.traces, witness: Witness(dead: ["dead"])) == given.expected)
    }

    @Test func `of a message without a usable id nothing can be known`() {
        let message = WireMessage(routingKey: "a.b", body: [])
        #expect(AttemptKey(message) == nil)
        var named = message
        named.messageID = "17"
        #expect(AttemptKey(named) == nil)
    }

    @Test func `a message says which attempt of which run it is`() {
        var message = WireMessage(routingKey: "a.b", body: [], messageID: Self.id.description)
        #expect(AttemptKey(message) == Self.key(1, at: 0))
        message.headers = [
            HeaderName.attempt: .int(2), HeaderName.replayOperation: .string("op"), HeaderName.readyAt: .int(7),
        ]
        #expect(AttemptKey(message) == Self.key(2, run: "op", at: 7))
    }

    @Test func `letters of attempts tell their run, other letters tell nothing`() {
        #expect(DeadLetter.run(ofDeath: "attempt:3") == "")
        #expect(DeadLetter.run(ofDeath: "attempt:3:replay:op1") == "op1")
        #expect(DeadLetter.run(ofDeath: "broker_rejected:3") == nil)
    }

    @Test func `marks turn through four tables, and the one that is emptied is two days from both ends`() {
        let day = Duration.seconds(86_400)
        let now = Timestamp(milliseconds: 1_795_356_000_000)
        let days = (0..<5).map { TurningTables.marks.table(at: now.advanced(by: day * $0)) }
        #expect(Set(days).count == 4 && days[0] == days[4])
        #expect(TurningTables.marks.resting(at: now) == days[2])
    }
}

@Suite struct `The word of heartbeats and process tables` {
    private let witness = HeartbeatWitness(worker: "me", host: "here", pid: 7) { $0 == 8 }

    private func sign(
        host: String? = "there",
        pid: Int? = 9,
        silence: Duration = .seconds(1),
        saidGoodbye: Bool = false
    ) -> LastSign {
        LastSign(worker: "w", host: host, pid: pid, silence: silence, saidGoodbye: saidGoodbye)
    }

    @Test func `silence for more than fifteen seconds is death`() {
        #expect(witness.isKnownDead(sign(silence: .seconds(16))))
        #expect(!witness.isKnownDead(sign(silence: .seconds(14))))
        #expect(!witness.isKnownDead(sign(host: nil, pid: nil)))
    }

    @Test func `who has said goodbye has died of nothing`() {
        #expect(!witness.isKnownDead(sign(silence: .seconds(90), saidGoodbye: true)))
        #expect(!witness.isKnownDead(sign(host: "here", saidGoodbye: true)))
    }

    @Test func `on this host the process table knows at once`() {
        #expect(witness.isKnownDead(sign(host: "here", pid: 9)))
        #expect(!witness.isKnownDead(sign(host: "here", pid: 8)))
        #expect(witness.isKnownDead(sign(host: "here", pid: 7)), "this process has the number now")
    }

    @Test func `whoever asks lives, whatever it has beaten`() {
        let own = HeartbeatWitness(worker: "w", host: "here", pid: 7) { _ in false }
        #expect(!own.isKnownDead(sign(host: "here", pid: 7)))
        #expect(!own.isKnownDead(sign(silence: .seconds(60))))
    }

    @Test func `this process is not known to be dead`() {
        let here = WorkerBeat(id: "w", build: "b", queues: [], running: [], state: .up)
        #expect(!HeartbeatWitness(worker: "me").isKnownDead(sign(host: here.host, pid: 1)))
    }
}

@Suite struct `The process table` {
    @Test func `knows this process, and none of a number that nobody has`() {
        #expect(ProcessTable.hasLiving(Int(ProcessInfo.processInfo.processIdentifier)))
        #expect(!ProcessTable.hasLiving(Int(Int32.max)))
    }

    @Test func `does not count one that only waits for its parent to notice its end`() throws {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(arguments[0]) }
        try #require(posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil) == 0)
        // Waits for the end, and leaves it to be noticed.
        var information = siginfo_t()
        try #require(waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == 0)
        #expect(kill(pid, 0) == 0, "its number is still taken")
        #expect(!ProcessTable.hasLiving(Int(pid)))
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
    }
}
