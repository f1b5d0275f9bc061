import Synchronization
import Testing

@testable import JobCore

/// What a client does with jobs that are not taken, against a broker that does as it is told.
@Suite(.timeLimit(.minutes(1))) struct `Patience` {
    /// Takes a message for each permit; the others get the error of the moment.
    private final class ScriptedBroker: Broker {
        private struct State {
            var permits = 0
            var error = PublishError.queueFull
            var taken: [String] = []
            var calls: [[String]] = []
        }

        private let state = Mutex(State())

        var taken: [String] { state.withLock { $0.taken } }
        var calls: [[String]] { state.withLock { $0.calls } }

        func permit(_ count: Int) { state.withLock { $0.permits += count } }
        func answer(_ error: PublishError) { state.withLock { $0.error = error } }

        func publish(_ messages: [WireMessage], deadline: Duration) async -> [Result<Void, PublishError>] {
            state.withLock { state in
                state.calls.append(messages.compactMap(\.messageID))
                return messages.map { message in
                    guard state.permits > 0 else { return .failure(state.error) }
                    state.permits -= 1
                    state.taken.append(message.messageID ?? "")
                    return .success(())
                }
            }
        }

        func consume(_ queue: String, credit: Int) async throws(BrokerError) -> any Consumption {
            throw .refused("not in this test")
        }
        func depths(_ queues: [String]) async throws(BrokerError) -> [String: QueueDepth] { [:] }
        func plan(_ topology: Topology) async throws(BrokerError) -> [TopologyChange] { [] }
        func apply(_ changes: [TopologyChange], of topology: Topology) async throws(BrokerError) {}
        func ping() async throws(BrokerError) {}
    }

    private let broker = ScriptedBroker()

    private func desk(_ limits: WaitingRoom.Limits = .init()) -> PublishDesk {
        PublishDesk(broker: broker, publishDeadline: .seconds(5), room: WaitingRoom(limits))
    }

    private func messages(_ names: String..., key: String = "alpha.work", bytes: Int = 10) -> [WireMessage] {
        names.map { WireMessage(routingKey: key, body: Array(repeating: 32, count: bytes), messageID: $0) }
    }

    /// Returns when so many jobs stand in line.
    private func until(_ jobs: Int, in desk: PublishDesk) async {
        while desk.room.jobs != jobs { await Task.yield() }
    }

    @Test func `without it a refusal is told at once, with a wait`() async {
        let refusals = await desk().publish(messages("a", "b"), .failFast)
        #expect(refusals.map(\.?.error) == [.queueFull, .queueFull])
        #expect(refusals.allSatisfy { $0?.suggestedWait != nil })
        #expect(broker.calls.count == 1)
    }

    @Test func `what is not taken is tried again, and only that, until it is`() async {
        broker.permit(1)
        let desk = desk()
        async let refusals = desk.publish(messages("a", "b", "c"), .wait(upTo: .seconds(30)))
        await until(2, in: desk)
        broker.permit(2)
        #expect(await refusals.allSatisfy { $0 == nil })
        #expect(broker.taken == ["a", "b", "c"])
        #expect(broker.calls.dropFirst().allSatisfy { $0 == ["b", "c"] })
        #expect(desk.room.jobs == 0)
    }

    @Test(arguments: [PublishError.brokerBlocked("memory"), .unavailable("away"), .queueFull])
    func `it ends at the deadline with the last error`(error: PublishError) async {
        broker.answer(error)
        let desk = desk()
        let start = ContinuousClock.now
        let refusals = await desk.publish(messages("a"), .wait(upTo: .milliseconds(800)))
        #expect(refusals.map(\.?.error) == [error])
        #expect(refusals[0]?.suggestedWait != nil)
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(desk.room.jobs == 0)
    }

    @Test(arguments: [PublishError.unconfirmed, .unroutable("alpha.work"), .refused("no")])
    func `what may have been taken, or never will be, is not tried again`(error: PublishError) async {
        broker.answer(error)
        let refusals = await desk().publish(messages("a"), .wait(upTo: .seconds(30)))
        #expect(refusals.map(\.?.error) == [error])
        #expect(broker.calls.count == 1)
    }

    @Test func `callers are served in the order they came, and newcomers go behind them`() async {
        let desk = desk()
        var callers: [Task<Bool, Never>] = []
        for (index, name) in ["a", "b", "c", "d"].enumerated() {
            callers.append(
                Task { await desk.publish(messages(name), .wait(upTo: .seconds(30))).allSatisfy { $0 == nil } }
            )
            await until(index + 1, in: desk)
        }
        broker.permit(4)
        for caller in callers { #expect(await caller.value) }
        #expect(broker.taken == ["a", "b", "c", "d"])
        #expect(desk.room.line(for: "alpha.work") == nil)
    }

    @Test func `a line for one routing key holds up no other`() async {
        let desk = desk()
        let first = Task { await desk.publish(messages("a"), .wait(upTo: .seconds(30))) }
        await until(1, in: desk)
        broker.permit(1)
        _ = await desk.publish(messages("b", key: "beta.work"), .wait(upTo: .seconds(30)))
        #expect(broker.taken.first == "b" || broker.taken.first == "a")
        broker.permit(1)
        #expect(await first.value.allSatisfy { $0 == nil })
    }

    @Test(arguments: [WaitingRoom.Limits(jobs: 2), WaitingRoom.Limits(bytes: 25)])
    func `beyond the buffer's bounds the error comes at once`(limits: WaitingRoom.Limits) async {
        let desk = desk(limits)
        let first = Task { await desk.publish(messages("a", "b"), .wait(upTo: .seconds(30))) }
        await until(2, in: desk)
        let refusals = await desk.publish(messages("c"), .wait(upTo: .seconds(30)))
        #expect(refusals.map(\.?.error) == [.queueFull])
        #expect(refusals[0]?.suggestedWait != nil)
        #expect(!broker.calls.contains(["c"]))
        first.cancel()
        #expect(await first.value.map(\.?.error) == [.queueFull, .queueFull])
        #expect(desk.room.jobs == 0)
    }

    @Test func `cancelling the caller's task ends its wait, first in line or not`() async {
        let desk = desk()
        let first = Task { await desk.publish(messages("a"), .wait(upTo: .seconds(60))) }
        await until(1, in: desk)
        let second = Task { await desk.publish(messages("b"), .wait(upTo: .seconds(60))) }
        await until(2, in: desk)
        second.cancel()
        #expect(await second.value.map(\.?.error) == [.queueFull])
        first.cancel()
        #expect(await first.value.map(\.?.error) == [.queueFull])
        #expect(desk.room.jobs == 0)
    }
}
