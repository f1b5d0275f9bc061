import JobCore
import Logging
import Testing

@testable import Embedded

@Suite struct `A peer that holds jobs and does not beat` {
    private let start = SuspendingClock.now

    private func after(_ seconds: Int) -> SuspendingClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test func `is silent once its beat has not moved for the limit`() {
        var silence = PeerSilence(limit: .seconds(15))
        for second in 0..<15 {
            let beats: [String: Int64] = ["stopped": 5, "living": Int64(second)]
            #expect(silence.silent(beats, newest: Int64(second), at: after(second)) == [])
        }
        #expect(silence.silent(["stopped": 5, "living": 15], newest: 15, at: after(15)) == ["stopped"])
        #expect(silence.silent(["stopped": 5, "living": 16], newest: 16, at: after(16)) == [], "once")
    }

    @Test func `is not blamed for a store that takes nobody's beats`() {
        var silence = PeerSilence(limit: .seconds(15))
        for second in 0..<100 { #expect(silence.silent(["peer": 5], newest: 5, at: after(second)) == []) }
        #expect(
            silence.silent(["peer": 5], newest: 6, at: after(100)) == [],
            "somebody has to be the first to beat again"
        )
    }

    @Test func `is not blamed for a sleep of the machine`() {
        var silence = PeerSilence(limit: .seconds(15))
        #expect(silence.silent(["peer": 5], newest: 5, at: after(0)) == [])
        #expect(silence.silent(["peer": 5], newest: 900, at: after(900)) == [])
        #expect(silence.silent(["peer": 901], newest: 901, at: after(901)) == [])
    }

    @Test func `is seen although it was stopped before its first beat`() async throws {
        let database = try await TemporaryStore().open()
        try await Store(driver: database).migrateSchema(extra: EmbeddedBroker.migrations)
        let broker = try TemporaryStore.broker(on: database)
        try await broker.declare(.system())
        await broker.publish(0..<1)
        let consumption = try await broker.consume("system", credit: 1)
        _ = try #require(await consumption.next())
        #expect(try await broker.claimantBeats().beats == [try #require(broker.process).bootID: 0])
    }
}
