/// The job type for smoke tests, canaries and benchmarks: it does what its payload says, on any platform.
public struct SystemProbe: Job {
    public static let name: JobName = "system.probe"

    public enum Ending: String, Codable, Sendable {
        case done, retry, dead, crash
    }

    /// How long the attempt takes, 0…600 000 ms.
    public var workMs: Int
    public var outcome: Ending
    /// The first so many attempts throw.
    public var failAttempts: Int
    /// Leave one row in `probe_effects`, committed before the job is acknowledged.
    public var record: Bool
    public var note: String

    public init(
        workMs: Int = 0,
        outcome: Ending = .done,
        failAttempts: Int = 0,
        record: Bool = false,
        note: String = ""
    ) {
        self.workMs = workMs
        self.outcome = outcome
        self.failAttempts = failAttempts
        self.record = record
        self.note = note
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            workMs: try fields.decodeIfPresent(Int.self, forKey: .workMs) ?? 0,
            outcome: try fields.decodeIfPresent(Ending.self, forKey: .outcome) ?? .done,
            failAttempts: try fields.decodeIfPresent(Int.self, forKey: .failAttempts) ?? 0,
            record: try fields.decodeIfPresent(Bool.self, forKey: .record) ?? false,
            note: try fields.decodeIfPresent(String.self, forKey: .note) ?? ""
        )
    }
}
