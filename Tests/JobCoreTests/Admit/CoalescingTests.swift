import Testing

@testable import JobCore

@Suite struct CoalescingTests {
    private static let debounce = Admission.debounce(
        key: "venue:42",
        wait: .seconds(2),
        maximum: .seconds(5),
        leading: false
    )
    private static let leading = Admission.debounce(key: "k", wait: .seconds(2), maximum: nil, leading: true)
    private static let throttle = Admission.throttle(key: "k", interval: .seconds(10))

    private func at(_ seconds: Double) -> Timestamp { Timestamp(milliseconds: Int64(seconds * 1000)) }

    private func event(_ seconds: Double, id: JobID = JobID()) -> CoalescedEvent {
        CoalescedEvent(at: at(seconds), id: id)
    }

    @Test func `each event pushes the run away, and its payload is the one that counts`() {
        var state = Coalescing(memory: .init(), row: nil)
        let (first, second) = (event(0), event(1.5))
        #expect(state.event(first, Self.debounce, now: at(0)) == .waits)
        #expect(state.row?.due == at(2))
        #expect(state.event(second, Self.debounce, now: at(1.5)) == .coalesced(into: first.id))
        #expect(state.row == .init(id: first.id, firstAt: at(0), due: at(3.5)))
        #expect(state.winner == second)
        #expect(state.leading.isEmpty && state.replaced == nil)
    }

    @Test func `a constant stream runs at its longest wait`() {
        var state = Coalescing(memory: .init(), row: nil)
        for tenth in 0..<60 {
            let time = Double(tenth) / 10
            _ = state.event(event(time), Self.debounce, now: at(time))
        }
        #expect(state.row?.due == at(5))
    }

    @Test func `an event while the run is being published begins the next one`() {
        let (old, new) = (JobID(), event(5))
        let claimed = Coalescing.Row(id: old, firstAt: at(0), due: at(5), isClaimed: true)
        var state = Coalescing(memory: .init(last: event(4), generation: old), row: claimed)
        #expect(state.event(new, Self.debounce, now: at(5)) == .waits)
        #expect(state.row == .init(id: new.id, firstAt: at(5), due: at(7)))
        #expect(state.replaced == old)
        let more = event(5.5)
        #expect(state.event(more, Self.debounce, now: at(5.5)) == .coalesced(into: new.id))
        #expect(state.replaced == old)
    }

    @Test func `what comes late is not the last, also after the run`() {
        let last = event(10)
        var state = Coalescing(memory: .init(last: last, generation: last.id), row: nil)
        #expect(state.event(event(9), Self.debounce, now: at(20)) == .coalesced(into: last.id))
        #expect(state.event(last, Self.debounce, now: at(20)) == .waits)
        #expect(state.row == nil && state.winner == nil && state.leading.isEmpty)
    }

    @Test func `of two events of one millisecond the greater id is the later`() {
        let ids = [JobID(at: at(1)), JobID(at: at(2))]
        var state = Coalescing(memory: .init(), row: nil)
        let (late, early) = (CoalescedEvent(at: at(5), id: ids[1]), CoalescedEvent(at: at(5), id: ids[0]))
        _ = state.event(late, Self.debounce, now: at(5))
        #expect(state.event(early, Self.debounce, now: at(5)) == .coalesced(into: late.id))
        #expect(state.winner == late)
    }

    @Test func `a leading run is at once, what follows runs once at the end, and then one leads again`() {
        var state = Coalescing(memory: .init(), row: nil)
        let lead = event(0)
        #expect(state.event(lead, Self.leading, now: at(0)) == .waits)
        #expect(state.leading == [lead] && state.row == nil)
        _ = state.event(event(1), Self.leading, now: at(1))
        _ = state.event(event(1.5), Self.leading, now: at(1.5))
        #expect(state.leading == [lead])
        #expect(state.row?.due == at(3.5))
        var after = Coalescing(memory: state.memory, row: nil)
        let next = event(3.6)
        _ = after.event(next, Self.leading, now: at(3.6))
        #expect(after.leading == [next])
    }

    @Test func `a throttle runs once an interval, whatever comes`() {
        var memory = Coalescing.Memory()
        var row: Coalescing.Row?
        var runs: [Timestamp] = []
        for tenth in 0..<350 {
            let now = at(Double(tenth) / 10)
            if let due = row?.due, due <= now {
                runs.append(due)
                row = nil
            }
            var state = Coalescing(memory: memory, row: row)
            _ = state.event(event(Double(tenth) / 10), Self.throttle, now: now)
            runs += state.leading.map(\.at)
            (memory, row) = (state.memory, state.row)
        }
        if let row { runs.append(row.due) }
        #expect(runs == [at(0), at(10), at(20), at(30), at(40)])
    }

    @Test(
        arguments: [
            (["x-job-debounce-key": .string("k")], "x-job-debounce-ms"),
            (["x-job-debounce-ms": .int(5)], "x-job-debounce-key"),
            (["x-job-throttle-key": .string("k")], "x-job-throttle-ms"),
            (["x-job-unique-key": .string("")], "1 to 256 bytes"),
            (["x-job-unique-key": .string(String(repeating: "k", count: 257))], "1 to 256 bytes"),
            (["x-job-unique-key": .string("a\nb")], "control"),
            (
                ["x-job-unique-key": .string("k"), "x-job-throttle-key": .string("k"), "x-job-throttle-ms": .int(1)],
                "ask for one"
            ),
            (
                ["x-job-debounce-key": .string("k"), "x-job-debounce-ms": .int(10), "x-job-debounce-max-ms": .int(5)],
                "shorter"
            ),
            (["x-job-debounce-key": .string("k"), "x-job-debounce-ms": .int(0)], "1 ms"),
        ] as [(Headers, String)]
    )
    func `what makes no sense is refused, with the reason`(headers: Headers, reason: String) throws {
        let error = #expect(throws: Malformed.self) { try Admission(headers) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "nothing")")
    }
}
