import JobCore

/// Enqueues on an opened platform and turns refusals into words with a remedy.
struct Enqueuer: Sendable {
    private let client: JobClient
    private let store: Store
    private let tracer: OTLPExporter?

    /// On the embedded profile the first enqueue makes the store, and the routes as the declarations say.
    init(_ platform: Platform, _ context: CommandContext, _ policy: EnqueuePolicy) async throws {
        if platform.profile == .embedded { try await Enqueuer.prepare(platform, context.manifestIfAny()) }
        tracer = OTLPExporter(context.environment, logger: context.logger)
        client = JobClient(broker: platform.broker, store: platform.store, tracer: tracer).with(policy)
        store = platform.store
        // A new connection hears of an alarm by its first message alone, and a job sent so would be unconfirmed.
        _ = await platform.broker.alarm()
    }

    /// Writes only when something is missing: a script that enqueues one by one must not stop the workers each time.
    private static func prepare(_ platform: Platform, _ manifest: Manifest?) async throws {
        let isReadable = (try? await platform.store.checkSchema()) != nil
        guard let manifest else {
            if !isReadable { try await platform.migrate() }
            return
        }
        if isReadable, let plan = try? await platform.broker.plan(manifest.topology),
            !plan.contains(where: { $0.action != .delete })
        {
            return
        }
        try await platform.prepare(manifest)
    }

    func enqueue(_ requests: [EnqueueRequest]) async -> [Result<Enqueued, CommandFailure>] {
        let results = await client.enqueue(requests)
        // The process ends soon: its spans go now.
        await tracer?.flush()
        let known = results.contains(where: \.isUnroutable) ? await knownNames() : []
        return zip(requests, results).map { request, result in
            result.mapError { explain($0, request, known) }
        }
    }

    /// Names that have a route, for the nearest one to a name that has none. Asked only then: a job that is ready needs
    /// no store.
    private func knownNames() async -> [String] {
        let routes = (try? await store.routes()) ?? []
        return Set(routes.map(\.job.rawValue)).sorted()
    }

    private func explain(_ error: EnqueueError, _ request: EnqueueRequest, _ known: [String]) -> CommandFailure {
        guard case .publish(.unroutable) = error.cause else {
            return CommandFailure(forbidden: error, needing: .oper) ?? CommandFailure(error)
        }
        let name = request.job.rawValue
        if known.contains(name), let lane = request.lane {
            let message = "\(name) has no lane \(lane.rawValue)"
            return CommandFailure(.failed, error.label, message, remedy: "leave --lane out, or declare the lane")
        }
        guard !known.isEmpty else {
            let remedy = "jobctl topology apply, in the directory that holds jobs/ (or set JOBS_DIR)"
            return CommandFailure(
                .failed,
                error.label,
                "no queue takes \(name): no job type is known yet",
                remedy: remedy
            )
        }
        let nearest = NearestWord.to(name, among: known)
        let remedy = nearest.map { "did you mean \($0)?" } ?? "known: \(known.prefix(20).joined(separator: ", "))"
        return CommandFailure(.failed, error.label, "no queue takes \(name)", remedy: remedy)
    }
}

extension Result where Failure == EnqueueError {
    fileprivate var isUnroutable: Bool {
        if case .failure(let error) = self, case .publish(.unroutable) = error.cause { true } else { false }
    }
}
