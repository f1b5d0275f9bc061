import JobCore

/// One `system.probe` of a campaign, with what it takes to enqueue it again.
struct Probe: Sendable {
    let id: JobID
    let job: SystemProbe
    let lane: Lane
    /// Zero for at once.
    let delay: Duration

    /// The attempt that succeeds when nobody is charged for a kill.
    var lastAttempt: Int { job.failAttempts + 1 }

    init(id: JobID = JobID(), job: SystemProbe, lane: Lane = .normal, delay: Duration = .zero) {
        self.id = id
        self.job = job
        self.lane = lane
        self.delay = delay
    }

    var request: EnqueueRequest {
        get throws {
            var options: [EnqueueOption] = [.id(id), .lane(lane)]
            if delay > .zero { options.append(.delay(delay)) }
            return EnqueueRequest(job: SystemProbe.name, payload: try PayloadCoding.encode(job), options: options)
        }
    }

    /// A line for `jobctl enqueue --ndjson`.
    var line: String {
        get throws {
            let payload = String(decoding: try PayloadCoding.encode(job), as: UTF8.self)
            let wait = delay > .zero ? #","delay_ms":\#(delay.milliseconds)"# : ""
            return #"{"id":"\#(id)","lane":"\#(lane.rawValue)"\#(wait),"payload":\#(payload)}"#
        }
    }
}

/// The mix of a campaign: all lanes, a tenth fails its first attempt, a seventh waits first.
struct ProbeMix {
    /// How long an attempt works, in milliseconds.
    let work: ClosedRange<Int>
    private let failures: Bool
    private let delays: Bool
    private var random: SeededRandom
    private var made = 0

    init(work: ClosedRange<Int>, seed: UInt64, failures: Bool = true, delays: Bool = true) {
        self.work = work
        self.failures = failures
        self.delays = delays
        random = SeededRandom(seed: seed)
    }

    mutating func next(_ count: Int) -> [Probe] {
        (0..<count).map { _ in
            made += 1
            return Probe(
                job: SystemProbe(
                    workMs: Int.random(in: work, using: &random),
                    failAttempts: failures && made % 10 == 3 ? 1 : 0,
                    record: true
                ),
                lane: made % 11 == 0 ? .high : made % 13 == 0 ? .bulk : .normal,
                delay: delays && made % 7 == 5 ? .milliseconds(Int.random(in: 300...3000, using: &random)) : .zero
            )
        }
    }
}

/// SplitMix64: the same seed gives the same campaign, as far as the machine lets it.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
