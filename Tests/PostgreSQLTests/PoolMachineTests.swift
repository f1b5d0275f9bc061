import Testing

@testable import PostgreSQL

@Suite struct `The pool's decisions` {
    private let start = ContinuousClock.now
    private let down = ConnectFailure.unavailable("down")

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func machine(size: Int = 2, waiters: Int = 10) -> PoolMachine {
        PoolMachine(size: size, maximumWaiters: waiters, now: start)
    }

    @Test func `the first caller opens a connection, the next one uses it`() {
        var pool = machine()
        #expect(pool.submitted(1, deadline: at(9), now: at(0)) == [.order(.connect, slot: 0)])
        #expect(pool.connected(slot: 0, now: at(0)) == [.order(.run(1), slot: 0)])
        #expect(pool.finished(slot: 0, healthy: true, now: at(0)) == [])
        #expect(pool.submitted(2, deadline: at(9), now: at(0)) == [.order(.run(2), slot: 0)])
    }

    @Test func `a caller who finds all busy waits for the first to finish`() {
        var pool = machine(size: 1)
        _ = pool.submitted(1, deadline: at(9), now: at(0))
        _ = pool.connected(slot: 0, now: at(0))
        #expect(pool.submitted(2, deadline: at(9), now: at(0)) == [])
        #expect(pool.finished(slot: 0, healthy: true, now: at(1)) == [.order(.run(2), slot: 0)])
    }

    @Test func `who waited in vain is refused, for what it was`() {
        var pool = machine(size: 1)
        _ = pool.submitted(1, deadline: at(9), now: at(0))
        _ = pool.connected(slot: 0, now: at(0))
        _ = pool.submitted(2, deadline: at(3), now: at(0))
        #expect(pool.nextTick(now: at(0)) == at(3))
        #expect(pool.ticked(now: at(3)) == [.refuse(2, .exhausted)])
        #expect(pool.nextTick(now: at(3)) == nil)

        var connecting = machine(size: 1)
        _ = connecting.submitted(1, deadline: at(3), now: at(0))
        #expect(connecting.ticked(now: at(3)) == [.refuse(1, .offline(.unavailable("still connecting")))])
        #expect(connecting.connected(slot: 0, now: at(4)) == [])
    }

    @Test func `a line that is full refuses the next`() {
        var pool = machine(size: 1, waiters: 1)
        _ = pool.submitted(1, deadline: at(9), now: at(0))
        #expect(pool.submitted(2, deadline: at(9), now: at(0)) == [.refuse(2, .exhausted)])
    }

    @Test func `while the server is down nobody waits, and one probe at a time is sent`() {
        var pool = machine(size: 2)
        _ = pool.submitted(1, deadline: at(9), now: at(0))
        #expect(pool.connectFailed(slot: 0, down, now: at(0), jitter: 0.5) == [.refuse(1, .offline(down))])
        #expect(pool.submitted(2, deadline: at(9), now: at(0.01)) == [.refuse(2, .offline(down))])
        #expect(pool.submitted(3, deadline: at(9), now: at(0.06)) == [.order(.connect, slot: 0)])
        #expect(pool.submitted(4, deadline: at(9), now: at(0.06)) == [])
        let refused = pool.connectFailed(slot: 0, down, now: at(0.07), jitter: 0)
        #expect(refused == [.refuse(3, .offline(down)), .refuse(4, .offline(down))])
        // The pause is over, but two attempts a second are enough.
        #expect(pool.submitted(5, deadline: at(9), now: at(0.3)) == [.refuse(5, .offline(down))])
        #expect(pool.submitted(6, deadline: at(9), now: at(0.6)) == [.order(.connect, slot: 0)])
        #expect(pool.connected(slot: 0, now: at(0.6)) == [.order(.run(6), slot: 0)])
    }

    @Test func `a caller waits for a connection in use while others cannot be opened`() {
        var pool = machine(size: 2)
        _ = pool.submitted(1, deadline: at(9), now: at(0))
        _ = pool.connected(slot: 0, now: at(0))
        #expect(pool.submitted(2, deadline: at(9), now: at(0)) == [.order(.connect, slot: 1)])
        #expect(pool.connectFailed(slot: 1, down, now: at(0), jitter: 0.9) == [])
        #expect(pool.finished(slot: 0, healthy: true, now: at(0.05)) == [.order(.run(2), slot: 0)])
    }

    @Test func `a broken connection is replaced for the one who waits, a closed one keeps its caller first`() {
        var pool = machine(size: 1)
        _ = pool.submitted(1, deadline: at(9), now: at(0))
        _ = pool.connected(slot: 0, now: at(0))
        _ = pool.submitted(2, deadline: at(9), now: at(0))
        #expect(pool.finished(slot: 0, healthy: false, now: at(2)) == [.order(.connect, slot: 0)])
        #expect(pool.connected(slot: 0, now: at(2)) == [.order(.run(2), slot: 0)])
        _ = pool.submitted(3, deadline: at(9), now: at(4))
        #expect(pool.foundClosed(slot: 0, call: 2, deadline: at(9), now: at(4)) == [.order(.connect, slot: 0)])
        #expect(pool.connected(slot: 0, now: at(4)) == [.order(.run(2), slot: 0)])
    }

    @Test func `a server that hangs up on every connection is tried twice a second`() {
        var pool = machine(size: 1)
        var attempts = 0
        for step in 0..<1000 {
            let now = at(Double(step) / 100)
            let actions = pool.submitted(UInt64(step), deadline: now + .milliseconds(5), now: now)
            if actions.contains(.order(.connect, slot: 0)) {
                attempts += 1
                _ = pool.connected(slot: 0, now: now)
                _ = pool.finished(slot: 0, healthy: false, now: now)
            }
            _ = pool.ticked(now: now + .milliseconds(9))
        }
        #expect((15...22).contains(attempts))
    }

    @Test func `shutdown refuses those who wait and closes the rest as it gets free`() {
        var pool = machine(size: 2)
        _ = pool.submitted(1, deadline: at(9), now: at(0))
        _ = pool.connected(slot: 0, now: at(0))
        _ = pool.submitted(2, deadline: at(9), now: at(0))
        #expect(pool.shutdown() == [.refuse(2, .shutDown)])
        #expect(pool.submitted(3, deadline: at(9), now: at(0)) == [.refuse(3, .shutDown)])
        #expect(pool.connectFailed(slot: 1, down, now: at(0), jitter: 0) == [.order(.close, slot: 1)])
        #expect(pool.finished(slot: 0, healthy: true, now: at(1)) == [.order(.close, slot: 0)])
        #expect(pool.slots == [.closed, .closed])
        #expect(pool.shutdown() == [])
    }

    @Test func `cancelling takes a caller out of the line and nothing else`() {
        var pool = machine(size: 1)
        _ = pool.submitted(1, deadline: at(9), now: at(0))
        _ = pool.submitted(2, deadline: at(9), now: at(0))
        #expect(pool.cancelled(2) == [.refuse(2, .cancelled)])
        #expect(pool.cancelled(2) == [])
        #expect(pool.connected(slot: 0, now: at(0)) == [.order(.run(1), slot: 0)])
        #expect(pool.cancelled(1) == [])
    }

    @Test(arguments: [
        (#"connection to server at "h", port 1 failed: FATAL:  28P01: password authentication failed"#, true),
        (#"connection to server at "h", port 1 failed: FATAL:  28000: no pg_hba.conf entry for host"#, true),
        (#"connection to server at "h", port 1 failed: SCHWERWIEGEND:  28P01: Passwort falsch"#, true),
        (#"connection to server at "h", port 1 failed: FATAL:  53300: sorry, too many clients already"#, false),
        (#"connection to server at "h", port 1 failed: Connection refused"#, false),
    ])
    func `refused credentials are told from an absent server in any language`(_ message: String, _ refused: Bool) {
        #expect(ConnectFailure(message: message).error.label == (refused ? "authentication" : "unavailable"))
    }
}
