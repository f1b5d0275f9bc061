package import Logging

/// The lone process's side: performs the one attempt it was made for. Whoever made it settles.
package struct LoneAttempt: Sendable {
    private let registry: JobRegistry
    private let resources: WorkerResources
    private let broker: any Broker
    private let store: Store
    private let logger: Logger

    package init(
        registry: JobRegistry,
        resources: WorkerResources,
        broker: any Broker,
        store: Store,
        logger: Logger
    ) {
        self.registry = registry
        self.resources = resources
        self.broker = broker
        self.store = store
        self.logger = logger
    }

    /// Only this job's worker is built: another one's mistakes are no matter here.
    package func perform(_ task: LoneTask) async -> LoneAnswer {
        do {
            let envelope = try Envelope(wire: task.message, receivedAt: .now())
            guard let type = registry.types[envelope.job] else {
                throw JobError.retry("unknown_job", "no worker for \(envelope.job) in this build")
            }
            let context = JobContext(
                envelope,
                deadline: .now.advanced(by: task.timeout),
                logger: logger,
                client: JobClient(broker: broker, store: store),
                store: store
            )
            return LoneAnswer(try await type.makePerform(resources)(envelope, context))
        } catch {
            return LoneAnswer(thrown: error)
        }
    }
}
