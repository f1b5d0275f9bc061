import Foundation
import Hummingbird
import JobCore
import Logging

/// `POST /v1/jobs/{name}`, `POST /v1/jobs`, `GET /v1/jobs/{id}`, `GET /v1/queues`: the platform for programs that speak HTTP.
struct JobsAPI: Sendable {
    /// The payload's limit, and room for the members beside it.
    static let maximumBody = PayloadLimits.maximumBytes + 8_192
    static let maximumBatchBody = 8 << 20
    static let maximumBatch = 1_000
    /// At once: what comes beyond is told to wait, so that memory stays bounded.
    private static let maximumRequests = 256

    private let platform: Platform
    private let client: JobClient
    private let keys: KeyRing
    private let places = RequestPlaces(JobsAPI.maximumRequests)
    private let thresholds: [String: Duration]
    private let output: CommandOutput
    private let logger: Logger

    init(
        _ platform: Platform,
        tracer: (any SpanSink)?,
        thresholds: [String: Duration],
        output: CommandOutput,
        logger: Logger
    ) {
        self.platform = platform
        client = JobClient(broker: platform.broker, store: platform.store, tracer: tracer)
        keys = KeyRing(store: platform.store)
        self.thresholds = thresholds
        self.output = output
        self.logger = logger
    }

    func router() -> Router<BasicRequestContext> {
        let router: Router<BasicRequestContext> = Router()
        router.get("openapi.json") { _, _ in Self.answer(.ok, OpenAPIDocument.json) }
        router.post("v1/jobs/:job") { request, context in
            await self.answer(request) { key in try await self.enqueue(request, context, key) }
        }
        router.post("v1/jobs") { request, _ in
            await self.answer(request) { key in try await self.enqueueAll(request, key) }
        }
        router.get("v1/jobs/:job") { request, context in
            await self.answer(request) { key in try await self.look(context, key) }
        }
        router.get("v1/queues") { request, _ in
            await self.answer(request) { key in try await self.queues(key) }
        }
        return router
    }

    private static func answer(_ status: HTTPResponse.Status, _ json: JSONValue) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: json.text))
        )
    }

    /// Who asks, whether there is a place, and what became of it.
    private func answer(_ request: Request, _ body: (APIKey) async throws -> Response) async -> Response {
        do {
            guard places.enter() else {
                throw Problem(.serviceUnavailable, "busy", "too many requests at once", retryAfter: .seconds(1))
            }
            defer { places.leave() }
            return try await body(try await keys.key(request.headers[.authorization]))
        } catch let problem as Problem {
            return problem.response
        } catch let error as StoreError {
            return Problem(error).response
        } catch {
            logger.error("a request failed", metadata: [LogKey.error: "\(error)"])
            return Problem(.internalServerError, "failed", "the request failed; the log says why").response
        }
    }

    // MARK: Enqueue

    private func enqueue(_ request: Request, _ context: BasicRequestContext, _ key: APIKey) async throws -> Response {
        guard let text = context.parameters.get("job"), let name = JobName(text) else {
            throw Problem(.unprocessableContent, "malformed_name", "the address names no job", field: "job")
        }
        try allow(key, name)
        let bytes = try await body(of: request, limit: Self.maximumBody)
        var defaults = EnqueueDefaults(name: name)
        if let parent = Self.header("traceparent", of: request), TraceParent(parent) != nil {
            defaults.traceparent = parent
        }
        let asked = try Self.read(bytes, defaults)
        guard asked.job == name else {
            throw Problem(.unprocessableContent, "invalid", "\"name\" is another one than the address's", field: "name")
        }
        guard let repetition = Self.header("idempotency-key", of: request) else {
            return Self.answer(.accepted, try await self.enqueue(asked).json)
        }
        return try await enqueue(asked, once: repetition, bytes, key)
    }

    private func enqueue(_ asked: EnqueueRequest) async throws(Problem) -> Enqueued {
        do throws(EnqueueError) {
            return try await client.enqueue([asked])[0].get()
        } catch {
            throw Problem(error)
        }
    }

    /// The same key with the same body is the same job, whatever became of the first answer.
    private func enqueue(
        _ asked: EnqueueRequest,
        once repetition: String,
        _ bytes: [UInt8],
        _ key: APIKey
    ) async throws -> Response {
        guard (1...200).contains(repetition.utf8.count) else {
            let detail = "Idempotency-Key must have 1 to 200 bytes"
            throw Problem(.unprocessableContent, "invalid", detail, field: "Idempotency-Key")
        }
        let store = platform.store
        let name = "\(key.id) \(repetition)"
        let fingerprint = RequestBeginning.fingerprint(of: asked.job, bytes)
        switch try await store.begin(request: name, fingerprint: fingerprint, id: asked.id) {
        case .answered(let before): return Self.answer(.accepted, before.json)
        case .different:
            let detail = "this Idempotency-Key came with another body before"
            throw Problem(.unprocessableContent, "idempotency_key_reused", detail, field: "Idempotency-Key")
        case .running:
            let detail = "a request with this Idempotency-Key is under way"
            throw Problem(.conflict, "under_way", detail, retryAfter: .seconds(1))
        case .begin(let id):
            do throws(Problem) {
                let job = try await self.enqueue(asked.with(id: id))
                await remember(name, job)
                return Self.answer(.accepted, job.json)
            } catch {
                await remember(name, nil)
                throw error
            }
        }
    }

    /// The job is durable, or is known not to be: the answer does not wait for a store that is away. A repetition then goes on
    /// under the same id after 15 s.
    private func remember(_ name: String, _ job: Enqueued?) async {
        do throws(StoreError) {
            try await platform.store.end(request: name, job)
        } catch {
            logger.warning("an answer could not be kept for its repetition", metadata: [LogKey.error: "\(error.label)"])
        }
    }

    private func enqueueAll(_ request: Request, _ key: APIKey) async throws -> Response {
        guard Self.header("idempotency-key", of: request) == nil else {
            let detail = "a batch takes no Idempotency-Key: give each job an \"id\" of its own"
            throw Problem(.unprocessableContent, "invalid", detail, field: "Idempotency-Key")
        }
        let bytes = try await body(of: request, limit: Self.maximumBatchBody)
        guard JSONGrammar.accepts(bytes) else { throw Problem.notJSON }
        guard bytes.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "[") else {
            throw Problem(.unprocessableContent, "invalid", "a batch is an array of jobs")
        }
        let elements = JSONMembers.elements(of: bytes)
        guard (1...Self.maximumBatch).contains(elements.count) else {
            throw Problem(.unprocessableContent, "invalid", "a batch has 1 to \(Self.maximumBatch) jobs")
        }
        var results = [Result<Enqueued, Problem>?](repeating: nil, count: elements.count)
        var asked: [(index: Int, request: EnqueueRequest)] = []
        for (index, element) in elements.enumerated() {
            do throws(Problem) {
                let job = try Self.read(element, EnqueueDefaults())
                try allow(key, job.job)
                asked.append((index, job))
            } catch {
                results[index] = .failure(error)
            }
        }
        for (job, result) in zip(asked, await client.enqueue(asked.map(\.request))) {
            results[job.index] = result.mapError { Problem($0) }
        }
        let failed = results.contains { if case .success? = $0 { false } else { true } }
        let answers = results.map { result -> JSONValue in
            switch result {
            case .success(let job)?: job.json
            case .failure(let problem)?: ["problem": problem.json]
            case nil: .null
            }
        }
        return Self.answer(
            failed ? .init(code: 207, reasonPhrase: "Multi-Status") : .accepted,
            ["jobs": .array(answers)]
        )
    }

    private func allow(_ key: APIKey, _ name: JobName) throws(Problem) {
        guard key.allows(name) else {
            throw Problem(.forbidden, "forbidden", "this key may not enqueue \(name)", field: "name")
        }
    }

    private static func read(_ bytes: [UInt8], _ defaults: EnqueueDefaults) throws(Problem) -> EnqueueRequest {
        do throws(EnqueueLine.Fault) {
            return try EnqueueLine(bytes).request(defaults)
        } catch {
            throw Problem(error)
        }
    }

    private func body(of request: Request, limit: Int) async throws -> [UInt8] {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        guard type == "application/json" else {
            throw Problem(.unsupportedMediaType, "unsupported_media_type", "Content-Type must be application/json")
        }
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limit else {
                throw Problem(.contentTooLarge, "malformed_too_large", "the body has more than \(limit) bytes")
            }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    private static func header(_ name: String, of request: Request) -> String? {
        request.headers.first { $0.name.canonicalName == name }?.value
    }

    // MARK: Look

    private func look(_ context: BasicRequestContext, _ key: APIKey) async throws -> Response {
        guard let id = context.parameters.get("job").flatMap({ JobID($0) }) else {
            throw Problem(.unprocessableContent, "invalid", "the address names no job: an id is a UUID", field: "job")
        }
        guard let found = try await platform.store.whereabouts(of: id), key.reads || key.allows(found.job) else {
            let detail = "neither waiting, running nor dead: it is ready, or done, or there never was one"
            throw Problem(.notFound, "not_found", detail, field: "job")
        }
        return Self.answer(
            .ok,
            [
                "id": .text(id.description), "name": .text(found.job.rawValue), "state": .text(found.state.rawValue),
                "attempt": .int(found.attempt), "due_at": .instant(found.dueAt), "error": .string(found.error),
            ]
        )
    }

    private func queues(_ key: APIKey) async throws -> Response {
        guard key.reads else {
            throw Problem(.forbidden, "forbidden", "this key may not read queues: jobctl key create --read")
        }
        let reports = try await LaneReport.all(platform, thresholds: thresholds, output: output)
        return Self.answer(.ok, .array(reports.map(\.json)))
    }
}

extension Enqueued {
    fileprivate var json: JSONValue { .verbatim(EnqueueAnswer.line(self, asJSON: true)) }
}
