import JobCore

/// Enqueues on an opened platform and turns refusals into words with a remedy.
struct Enqueuer: Sendable {
    private let client: JobClient
    /// Names that have a route, for the nearest one to a name that has none.
    private let known: [String]

    /// On the embedded profile the first enqueue makes the store, and the routes as the declarations say.
    init(_ platform: Platform, _ context: CommandContext) async throws {
        if platform.profile == .embedded {
            if let manifest = context.manifestIfAny() {
                try await platform.prepare(manifest)
            } else {
                try await platform.migrate()
            }
        }
        client = JobClient(broker: platform.broker, store: platform.store)
        known = Set(try await platform.store.routes().map(\.job.rawValue)).sorted()
    }

    func enqueue(_ requests: [EnqueueRequest]) async -> [Result<JobID, CommandFailure>] {
        zip(requests, await client.enqueue(requests)).map { request, result in
            result.mapError { explain($0, request) }
        }
    }

    private func explain(_ error: EnqueueError, _ request: EnqueueRequest) -> CommandFailure {
        guard case .publish(.unroutable) = error.cause else { return CommandFailure(error) }
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
