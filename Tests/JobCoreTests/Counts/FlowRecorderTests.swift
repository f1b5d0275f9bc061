import Testing

@testable import JobCore

@Suite struct `Flow recorder` {
    private let alpha = QueueAddress("alpha")
    private let beta = QueueAddress("beta", .high)

    @Test func `what is taken is gone, and what is put back adds up`() {
        let recorder = FlowRecorder()
        recorder.record(alpha) { $0.done += 1 }
        recorder.record(beta) { $0.dead += 1 }
        let taken = recorder.take()
        #expect(taken.count == 2)
        #expect(recorder.take().isEmpty)
        recorder.record(alpha) { counts in
            counts.done += 2
            counts.latency.record(milliseconds: 7)
        }
        recorder.restore(taken)
        let sum = recorder.take()
        #expect(sum[alpha]?.done == 3)
        #expect(sum[alpha]?.latency.percentile(1) != nil)
        #expect(sum[beta]?.dead == 1)
    }

    @Test func `many threads lose no count`() async {
        let recorder = FlowRecorder()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1000 { recorder.record(alpha) { $0.retried += 1 } } }
            }
        }
        #expect(recorder.take()[alpha]?.retried == 8000)
    }
}
