import Curl
import Foundation
import JobCore
import Logging
import ServiceLifecycle
import Synchronization

/// Sends spans as OTLP over HTTP (JSON) to `JOBS_OTLP_URL`/v1/traces, in batches, once a second. What does not get through
/// is dropped and counted: tracing holds nothing up.
final class OTLPExporter: SpanSink, Service {
    private static let maximumHeld = 20_000
    private static let batch = 512
    private static let period: Duration = .seconds(1)

    private struct State {
        var spans: [Span] = []
        var dropped = 0
    }

    private let http = HTTPClient(HTTPClient.Configuration(addresses: .any))
    private let url: String
    private let resource: [(key: String, value: String)]
    private let logger: Logger
    private let state = Mutex(State())

    /// Nil when `JOBS_OTLP_URL` is not set.
    init?(_ environment: [String: String], logger: Logger) {
        guard let url = environment["JOBS_OTLP_URL"], !url.isEmpty else { return nil }
        self.url = (url.hasSuffix("/") ? String(url.dropLast()) : url) + "/v1/traces"
        resource = [
            ("service.name", environment["OTEL_SERVICE_NAME"] ?? "checkin-jobs"),
            ("service.version", environment["JOBS_BUILD"] ?? "dev"), ("host.name", ProcessInfo.processInfo.hostName),
            ("process.pid", "\(ProcessInfo.processInfo.processIdentifier)"),
        ]
        self.logger = logger
    }

    func record(_ span: Span) {
        state.withLock { state in
            guard state.spans.count < OTLPExporter.maximumHeld else {
                state.dropped += 1
                return
            }
            state.spans.append(span)
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: OTLPExporter.period)
                await self.flush()
            }
        }
        await flush()
    }

    /// Sends what there is.
    func flush() async {
        while true {
            let (spans, dropped) = state.withLock { state in
                let batch = Array(state.spans.prefix(OTLPExporter.batch))
                state.spans.removeFirst(batch.count)
                defer { state.dropped = 0 }
                return (batch, state.dropped)
            }
            if dropped > 0 { logger.warning("spans dropped", metadata: [LogKey.count: "\(dropped)"]) }
            guard !spans.isEmpty else { return }
            let request = HTTPRequest(
                "POST",
                url,
                headers: ["Content-Type": "application/json"],
                body: Array(OTLPExporter.body(spans, resource).text.utf8),
                timeout: .seconds(5)
            )
            do throws(HTTPError) {
                let response = try await http.send(request)
                guard (200..<300).contains(response.status) else {
                    logger.warning("spans refused", metadata: [LogKey.error: "status \(response.status)"])
                    return
                }
            } catch {
                logger.warning("spans not delivered", metadata: [LogKey.error: "\(error.label)"])
                return
            }
        }
    }

    /// ExportTraceServiceRequest in OTLP's JSON: ids in hex, nanoseconds as text.
    static func body(_ spans: [Span], _ resource: [(key: String, value: String)]) -> JSONValue {
        func attributes(_ pairs: [(key: String, value: String)]) -> JSONValue {
            .array(pairs.map { ["key": .text($0.key), "value": ["stringValue": .text($0.value)]] })
        }
        let list = spans.map { span -> JSONValue in
            var members: [(key: String, value: JSONValue)] = [
                ("traceId", .text(span.context.traceID)), ("spanId", .text(span.context.spanID)),
                ("name", .text(span.name)), ("kind", .int(span.kind.rawValue)),
                ("startTimeUnixNano", .text("\(span.start)")), ("endTimeUnixNano", .text("\(span.end)")),
                ("attributes", attributes(span.attributes)),
            ]
            if let parent = span.parent { members.append(("parentSpanId", .text(parent.spanID))) }
            // 2 is STATUS_CODE_ERROR.
            if let error = span.error { members.append(("status", ["code": .int(2), "message": .text(error)])) }
            return .object(members)
        }
        return [
            "resourceSpans": [
                [
                    "resource": ["attributes": attributes(resource)],
                    "scopeSpans": [["scope": ["name": "checkin-jobs"], "spans": .array(list)]],
                ]
            ]
        ]
    }
}
