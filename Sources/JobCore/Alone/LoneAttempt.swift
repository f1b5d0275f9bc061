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
            var token: RunToken?
            if let generation = task.generation, let key = AttemptKey(task.message) {
                token = RunToken(key: key, generation: generation)
            }
            let scope = AttemptScope(token: token, deduplicates: task.deduplicates)
            let context = JobContext(
                envelope,
                deadline: .now.advanced(by: task.timeout),
                logger: logger,
                client: JobClient(broker: broker, store: store),
                store: store,
                scope: scope
            )
            let outcome = try await type.makePerform(resources)(envelope, context)
            // The parent settles and does not know of it; what a crash leaves here goes by its age.
            if outcome == .done, scope.usesCheckpoint { try await store.settle([.forget(envelope.id)]) }
            return LoneAnswer(outcome)
        } catch {
            return LoneAnswer(thrown: error)
        }
    }
}
