/// A message header's value, as far as the platform needs to tell types apart. What a stranger sends beyond these is
/// kept as `bytes` or dropped by the broker room, never trapped on.
public indirect enum HeaderValue: Sendable, Hashable {
    case int(Int64)
    case bool(Bool)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([HeaderValue])
    case table([String: HeaderValue])
    case null
}

/// A message's header table. Order is not kept: AMQP gives it no meaning.
public typealias Headers = [String: HeaderValue]
