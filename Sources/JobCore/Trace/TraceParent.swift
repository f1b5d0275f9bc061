/// Whose part a piece of work is: the W3C `traceparent` header (Trace Context level 2, §3.2).
package struct TraceParent: Sendable, Hashable, CustomStringConvertible {
    package let trace: (high: UInt64, low: UInt64)
    package let span: UInt64
    package let flags: UInt8

    package init(trace: (high: UInt64, low: UInt64), span: UInt64, flags: UInt8) {
        self.trace = trace
        self.span = span
        self.flags = flags
    }

    /// A trace of its own.
    package static func root() -> TraceParent {
        TraceParent(
            trace: (.random(in: 1 ... .max), .random(in: 1 ... .max)),
            span: .random(in: 1 ... .max),
            flags: 1
        )
    }

    /// Nil for what the specification calls invalid: then a new trace begins. A later version may say more than we read.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 55, bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"),
            bytes[52] == UInt8(ascii: "-"), let version = TraceParent.hex(bytes[0..<2]), version != 0xFF,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == UInt8(ascii: "-"),
            let high = TraceParent.hex(bytes[3..<19]), let low = TraceParent.hex(bytes[19..<35]), high | low != 0,
            let span = TraceParent.hex(bytes[36..<52]), span != 0, let flags = TraceParent.hex(bytes[53..<55])
        else { return nil }
        self.init(trace: (high, low), span: span, flags: UInt8(flags))
    }

    /// Another span of the same trace.
    package func child() -> TraceParent {
        TraceParent(trace: trace, span: .random(in: 1 ... .max), flags: flags)
    }

    /// Whoever began the trace wants to see it.
    package var isSampled: Bool { flags & 1 == 1 }

    package var description: String { "00-\(traceID)-\(spanID)-\(TraceParent.spelled(UInt64(flags), 2))" }
    package var traceID: String { TraceParent.spelled(trace.high, 16) + TraceParent.spelled(trace.low, 16) }
    package var spanID: String { TraceParent.spelled(span, 16) }

    private static func spelled(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// Lower-case digits only, as the specification wants them.
    private static func hex(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for byte in bytes {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x57)
            default: return nil
            }
        }
        return value
    }

    package static func == (left: TraceParent, right: TraceParent) -> Bool {
        left.trace == right.trace && left.span == right.span && left.flags == right.flags
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(trace.high)
        hasher.combine(trace.low)
        hasher.combine(span)
    }
}
