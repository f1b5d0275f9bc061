import CRabbitMQ
import Synchronization

/// Connects on a thread of its own, since name resolution, TCP, TLS and the AMQP handshake all wait; the link's thread
/// stays free to answer its callers meanwhile.
final class Dialler: Sendable {
    enum Outcome {
        case connected(Wire)
        case failed(AMQPError)
    }

    /// Carries a wire from the dial thread to the link's. `@unchecked Sendable`: the dial thread keeps nothing of it.
    private struct Handover: @unchecked Sendable {
        let outcome: Outcome
    }

    private let handover = Mutex<Handover?>(nil)

    /// Tries the hosts in the given order. `done` is called on the dial thread once `take` has something.
    func dial(
        _ configuration: AMQPConfiguration,
        endpoints: [AMQPConfiguration.Endpoint],
        done: @escaping @Sendable () -> Void
    ) {
        let started = Thread.start(name: "amqp-dial") {
            var failure = AMQPError.notConnected(reason: "no host given")
            for endpoint in endpoints {
                switch Dialling(configuration, endpoint).attempt() {
                case .success(let wire):
                    self.put(.connected(wire))
                    return done()
                case .failure(let error): failure = error
                }
            }
            self.put(.failed(failure))
            done()
        }
        if !started {
            put(.failed(.notConnected(reason: "the system gave no thread")))
            done()
        }
    }

    private func put(_ outcome: Outcome) {
        let handover = Handover(outcome: outcome)
        self.handover.withLock { $0 = handover }
    }

    func take() -> Outcome? {
        handover.withLock { $0.take() }?.outcome
    }
}

/// One attempt at one host, in the order the calls are made.
private struct Dialling {
    let configuration: AMQPConfiguration
    let endpoint: AMQPConfiguration.Endpoint

    init(_ configuration: AMQPConfiguration, _ endpoint: AMQPConfiguration.Endpoint) {
        self.configuration = configuration
        self.endpoint = endpoint
    }

    private var host: String { "\(endpoint.host):\(endpoint.port)" }

    private func failed(_ what: String) -> Result<Wire, AMQPError> {
        .failure(.notConnected(reason: "\(host): \(what)"))
    }

    func attempt() -> Result<Wire, AMQPError> {
        guard var handle = ConnectionHandle() else { return failed("out of memory") }
        let socket: OpaquePointer?
        if let tls = configuration.tls {
            socket = amqp_ssl_socket_new(handle.state)
            guard let socket else { return failed("TLS is not available") }
            if let problem = prepare(socket, tls) { return failed(problem) }
        } else {
            socket = amqp_tcp_socket_new(handle.state)
        }
        guard let socket else { return failed("out of memory") }
        var timeout = configuration.connectTimeout.timeval
        let opened = amqp_socket_open_noblock(socket, endpoint.host, Int32(endpoint.port), &timeout)
        guard opened == 0 else { return failed(ConnectionHandle.text(opened)) }
        let sendBuffer = crmq_tune_socket(handle.descriptor, 1 << 20, 20_000)
        guard sendBuffer > 0 else { return failed("the socket is gone") }
        if let problem = login(&handle) { return failed(problem) }

        let channelMax = max(1, min(Int(amqp_get_channel_max(handle.state)), 2_047))
        let frameMax = Int(amqp_get_frame_max(handle.state))
        let heartbeat = Int(amqp_get_heartbeat(handle.state))
        // Heartbeat 0 towards librabbitmq only: with its own it can wait for ever inside a publish. From here on the
        // link sends and checks them.
        let tuned = amqp_tune_connection(handle.state, Int32(channelMax), Int32(frameMax), 0)
        guard tuned == 0, frameMax >= 4_096 else {
            return failed("the broker's frame size of \(frameMax) is not usable")
        }
        return .success(
            Wire(
                handle: handle,
                host: host,
                sendBuffer: sendBuffer,
                channelMax: channelMax,
                frameMax: frameMax,
                heartbeat: heartbeat > 0 ? .seconds(heartbeat) : configuration.heartbeat,
                configuration: configuration
            )
        )
    }

    /// Refuses to go on whenever a check could not be switched on.
    private func prepare(_ socket: OpaquePointer, _ tls: AMQPConfiguration.TLS) -> String? {
        amqp_ssl_socket_set_verify_peer(socket, 1)
        amqp_ssl_socket_set_verify_hostname(socket, 1)
        guard crmq_tls_require_1_2(socket) == 1 else { return "TLS 1.2 cannot be required" }
        if let file = tls.authorityFile {
            guard amqp_ssl_socket_set_cacert(socket, file) == 0 else { return "cannot read the authority file \(file)" }
        } else {
            guard crmq_tls_default_paths(socket) == 1 else { return "cannot load the system's authorities" }
        }
        switch (tls.certificateFile, tls.keyFile) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            let status = amqp_ssl_socket_set_key(socket, certificate, key)
            return status == 0 ? nil : "cannot use the client certificate \(certificate) with its key"
        default: return "a client certificate needs both its file and its key's"
        }
    }

    private func login(_ handle: inout ConnectionHandle) -> String? {
        var timeout = configuration.handshakeTimeout.timeval
        amqp_set_handshake_timeout(handle.state, &timeout)
        amqp_set_rpc_timeout(handle.state, &timeout)
        let arena = Arena()
        var properties = arena.table(clientProperties)
        let seconds = max(1, min(600, configuration.heartbeat.components.seconds))
        let frameMax = AMQPConfiguration.frameMax
        let reply =
            configuration.tls?.external == true
            ? crmq_login_external(
                handle.state,
                configuration.virtualHost,
                frameMax,
                Int32(seconds),
                &properties,
                configuration.user
            )
            : crmq_login_plain(
                handle.state,
                configuration.virtualHost,
                frameMax,
                Int32(seconds),
                &properties,
                configuration.user,
                configuration.password
            )
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return nil
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            switch InboundMethod(reply.reply) {
            case .connectionClose(let code, let text), .channelClose(let code, let text): return "\(code) \(text)"
            default: return "the broker refused the login"
            }
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: return ConnectionHandle.text(reply.library_error)
        default: return "the broker closed the connection during the login"
        }
    }

    /// Without these the broker says nothing when it blocks a publisher or ends a subscription.
    private var clientProperties: AMQPTable {
        [
            "product": "checkin-jobs",
            "connection_name": .text(configuration.connectionName),
            "capabilities": .table([
                "consumer_cancel_notify": true,
                "connection.blocked": true,
                "basic.nack": true,
                "publisher_confirms": true,
                "authentication_failure_close": true,
            ]),
        ]
    }
}

extension Duration {
    fileprivate var timeval: CRabbitMQ.timeval {
        let (seconds, attoseconds) = components
        return CRabbitMQ.timeval(tv_sec: Int(max(0, seconds)), tv_usec: Int(max(0, attoseconds / 1_000_000_000_000)))
    }
}
