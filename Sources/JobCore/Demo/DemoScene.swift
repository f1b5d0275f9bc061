/// What one job type shows in `jobctl dev --demo`: jobs to enqueue and, if there is one, a cause of death that is
/// mended before their letters are replayed.
public struct DemoScene: Sendable {
    /// A cause that people know from their own bad days.
    public struct Cause: Sendable {
        /// The label its letters carry: what is replayed after the mending.
        public let label: String
        /// What is wrong, in a sentence.
        public let trouble: String
        /// What mends it, in a sentence.
        public let remedy: String
        /// Makes it so inside the demo's own folder and says which environment variables lead there.
        public let set: @Sendable (_ folder: String, _ resources: WorkerResources) throws -> [String: String]

        public init(
            label: String,
            trouble: String,
            remedy: String,
            set: @escaping @Sendable (_ folder: String, _ resources: WorkerResources) throws -> [String: String]
        ) {
            self.label = label
            self.trouble = trouble
            self.remedy = remedy
            self.set = set
        }
    }

    /// What the jobs leave behind for people to look at.
    public struct Yield: Sendable {
        public let name: String
        public let folder: String
        public let count: Int

        public init(name: String, folder: String, count: Int) {
            self.name = name
            self.folder = folder
            self.count = count
        }
    }

    let requests: @Sendable () -> [EnqueueRequest]
    let cause: Cause?
    let yield: @Sendable (WorkerResources) -> Yield?

    /// - Parameters:
    ///   - jobs: each with its options.
    ///   - cause: broken at first, mended before the replay.
    ///   - yield: counted when everything is done.
    public init<J: Job>(
        jobs: @escaping @Sendable () -> [(J, [EnqueueOption])],
        cause: Cause? = nil,
        yield: @escaping @Sendable (WorkerResources) -> Yield? = { _ in nil }
    ) {
        requests = {
            jobs().compactMap { job, options in
                guard let payload = try? PayloadCoding.encode(job) else { return nil }
                return EnqueueRequest(job: J.name, version: J.version, payload: payload, options: options)
            }
        }
        self.cause = cause
        self.yield = yield
    }

    package var jobs: [EnqueueRequest] { requests() }
    package var trouble: Cause? { cause }
    package func result(_ resources: WorkerResources) -> Yield? { yield(resources) }
}
