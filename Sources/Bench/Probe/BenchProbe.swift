import JobCore

/// A job that does nothing, with a payload of the size and shape of a notification's: about 200 bytes of JSON.
struct BenchProbe: Job {
    static let name: JobName = "bench.probe"

    /// When it should have been enqueued, µs since 1970 on the machine's clock; 0 when nobody measures its latency.
    var sentAt: Int64
    var userID: Int64
    var venueID: Int64
    var kind: String
    var title: String
    var body: String

    init(number: Int, sentAt: Int64 = 0) {
        self.sentAt = sentAt
        userID = 700_000_000 + Int64(number)
        venueID = 42_000 + Int64(number % 1_000)
        kind = "friend_checked_in"
        title = "Ana is at the Blue Door"
        body = "Ana and 2 others checked in near you ten minutes ago"
    }
}

struct BenchProbeWorker: Worker {
    let recorder: StartRecorder

    func perform(_ job: BenchProbe, _ context: JobContext) async throws -> Outcome {
        recorder.started(sentAt: job.sentAt)
        return .done
    }
}
