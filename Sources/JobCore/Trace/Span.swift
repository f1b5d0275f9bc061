import Foundation

/// A piece of work that has ended, as part of a trace.
package struct Span: Sendable {
    package enum Kind: Int, Sendable {
        // The numbers of OTLP's SpanKind.
        case producer = 4
        case consumer = 5
    }

    package let name: String
    package let kind: Kind
    package let context: TraceParent
    package let parent: TraceParent?
    /// Nanoseconds since 1970.
    package let start: UInt64
    package let end: UInt64
    package let attributes: [(key: String, value: String)]
    /// A bounded label; nil when it went well.
    package let error: String?
}

/// Takes spans, never waits and never fails: tracing is not allowed to hold a job up.
package protocol SpanSink: Sendable {
    func record(_ span: Span)
}

/// A span that goes on.
package struct OpenSpan: Sendable {
    package let context: TraceParent
    private let name: String
    private let kind: Span.Kind
    private let parent: TraceParent?
    private let start: UInt64

    /// - Parameter parent: the text of a `traceparent` header; without a valid one a trace begins here.
    package init(_ name: String, _ kind: Span.Kind, parent text: String?) {
        self.init(name, kind, parent: text.flatMap { TraceParent($0) })
    }

    package init(_ name: String, _ kind: Span.Kind, parent: TraceParent?) {
        self.name = name
        self.kind = kind
        self.parent = parent
        context = parent?.child() ?? .root()
        start = OpenSpan.now()
    }

    package func end(
        _ sink: any SpanSink,
        _ attributes: [(key: String, value: String)],
        error: String? = nil
    ) {
        guard context.isSampled else { return }
        sink.record(
            Span(
                name: name,
                kind: kind,
                context: context,
                parent: parent,
                start: start,
                end: max(start, OpenSpan.now()),
                attributes: attributes,
                error: error
            )
        )
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Envelope {
    package var traceparent: String? { carried[HeaderName.traceparent]?.string }

    /// The keys of OpenTelemetry's messaging conventions, and our own.
    package var traceAttributes: [(key: String, value: String)] {
        [
            ("messaging.system", "checkin-jobs"), ("messaging.message.id", id.description), ("job.name", job.rawValue),
            ("job.attempt", "\(attempt)"),
        ]
    }
}
