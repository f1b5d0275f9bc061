/// The span of one publish. Its context goes with the message, so that the attempt is its child; nothing of it without a
/// tracer.
package struct PublishSpan: Sendable {
    private let span: OpenSpan?
    private let tracer: (any SpanSink)?

    package init(_ envelope: Envelope, _ tracer: (any SpanSink)?) {
        self.tracer = tracer
        span = tracer == nil ? nil : OpenSpan("publish \(envelope.job)", .producer, parent: envelope.traceparent)
    }

    package func carried(by envelope: Envelope) -> Envelope {
        guard let span else { return envelope }
        var envelope = envelope
        envelope.carried[HeaderName.traceparent] = .string(span.context.description)
        return envelope
    }

    package func end(_ envelope: Envelope, error: String?) {
        guard let span, let tracer else { return }
        span.end(tracer, envelope.traceAttributes, error: error)
    }
}
