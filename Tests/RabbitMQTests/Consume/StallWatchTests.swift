import Testing

@testable import RabbitMQ

@Suite struct StallWatchTests {
    private let start = Instant.now

    private func after(_ seconds: Int) -> Instant { start.advanced(by: .seconds(seconds)) }

    private func watch() -> StallWatch {
        var watch = StallWatch(interval: .seconds(30))
        watch.heard(start)
        return watch
    }

    @Test func `asks after an interval of silence, and again in each`() {
        var watch = watch()
        #expect(watch.look(hasCredit: true, now: after(29)) == nil)
        #expect(watch.look(hasCredit: true, now: after(30)) == .ask)
        #expect(watch.look(hasCredit: true, now: after(31)) == nil)
        #expect(watch.look(hasCredit: true, now: after(60)) == .ask)
    }

    @Test func `is stalled when messages are ready for two intervals`() {
        var watch = watch()
        #expect(watch.ready(5, now: after(30)) == nil)
        #expect(watch.ready(0, now: after(60)) == nil)
        #expect(watch.ready(5, now: after(60)) == .renew)
        watch.heard(after(61))
        #expect(watch.ready(5, now: after(90)) == nil)
    }

    @Test func `does not count time without credit, nor without a subscription`() {
        var watch = watch()
        #expect(watch.look(hasCredit: false, now: after(45)) == nil)
        #expect(watch.ready(5, now: after(60)) == nil)
        #expect(watch.look(hasCredit: true, now: after(75)) == .ask)
        watch.rest()
        #expect(watch.deadline == nil && watch.ready(5, now: after(900)) == nil)
    }

    @Test func `makes a subscription anew that was quiet for long, since not all that is lost can be seen`() {
        var watch = watch()
        for look in 1..<20 { #expect(watch.look(hasCredit: true, now: after(look * 30)) == .ask) }
        #expect(watch.look(hasCredit: true, now: after(600)) == .renew)
    }
}
