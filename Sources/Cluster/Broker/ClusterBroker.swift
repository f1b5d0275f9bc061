package import JobCore
package import Logging
import RabbitMQ
import Synchronization

/// RabbitMQ behind the broker's port. Publishing, consuming and asking each have a connection of their own: an alarm
/// stops the broker reading a publisher's connection, and acknowledgements must not wait behind that.
package final class ClusterBroker: Broker {
    /// Hosts, user and virtual host; never the password.
    package let display: String
    let prefix: String
    let virtualHost: String
    let control: AMQPControl
    let management: ManagementClient?
    private let publisher: AMQPPublisher
    private let consumers: AMQPConsumerLink
    private let watchers: BrokerEvents

    /// - Parameters:
    ///   - url: `amqp://` or `amqps://`, several hosts separated by commas.
    ///   - managementURL: `http(s)://user:password@host:port`, for policies and for comparing bindings.
    ///   - security: for `amqps://`; its authorities count for the management API too.
    ///   - prefix: `JOBS_PREFIX`, put before every name.
    package init(
        url: String,
        managementURL: String?,
        security: BrokerSecurity = BrokerSecurity(),
        prefix: String,
        process: String,
        logger: Logger
    ) throws(BrokerError) {
        var configuration: AMQPConfiguration
        do {
            configuration = try AMQPConfiguration(url: url)
        } catch {
            throw .refused("JOBS_BROKER_URL: \(error)")
        }
        configuration.tls?.apply(security)
        configuration.makeHasher = { BodyDigest() }
        func named(_ role: String) -> AMQPConfiguration {
            var named = configuration
            named.connectionName = "jobs \(role) \(process)"
            return named
        }
        self.prefix = prefix
        virtualHost = configuration.virtualHost
        display = "\(configuration)".replacing(":***@", with: "@")
        // Whether and how long to wait for a broker that takes nothing is the client's decision, not the connection's.
        var options = AMQPPublisher.Options()
        options.failAtOnce = true
        publisher = AMQPPublisher(named("publish"), options: options, logger: logger)
        consumers = AMQPConsumerLink(named("consume"), logger: logger)
        control = AMQPControl(named("control"), logger: logger)
        if let managementURL {
            management = try ManagementClient(
                url: managementURL,
                authorityFile: security.authorityFile,
                virtualHost: configuration.virtualHost
            )
        } else {
            management = nil
        }
        watchers = BrokerEvents(logger: logger)
        watchers.watch(publisher.events, of: "publish")
        watchers.watch(consumers.events, of: "consume")
        watchers.watch(control.events, of: "control")
    }

    /// RabbitMQ tells an alarm only to connections that publish, and a process may have nothing to publish for hours: so
    /// one message goes out to a key that no queue has, and comes back as unroutable when all is well.
    package func alarm() async -> String? {
        if let reason = await publisher.blockedReason { return reason }
        let question = AMQPMessage(exchange: prefix + Topology.strictExchange, routingKey: "jobs.alarm?", body: [])
        _ = await publisher.publish([question], deadline: .seconds(1))
        return await publisher.blockedReason
    }

    package func close() async {
        await consumers.close()
        await publisher.close()
        await control.close()
        management?.close()
        watchers.stop()
    }

    package func publish(_ messages: [WireMessage], deadline: Duration) async -> [Result<Void, PublishError>] {
        let exchange = prefix + Topology.strictExchange
        let results = await publisher.publish(
            messages.map { AMQPMessage($0, exchange: exchange) },
            deadline: deadline
        )
        return zip(messages, results).map { message, result in
            result.mapError { PublishError($0, routingKey: message.routingKey) }
        }
    }

    package func consume(_ queue: String, credit: Int) async throws(BrokerError) -> any Consumption {
        let name = prefix + queue
        guard try await depth(of: name) != nil else { throw .queueMissing(name) }
        do {
            return ClusterConsumption(consumer: try await consumers.consume(queue: name, prefetch: credit))
        } catch {
            throw BrokerError(error)
        }
    }

    package func depths(_ queues: [String]) async throws(BrokerError) -> [String: QueueDepth] {
        var depths: [String: QueueDepth] = [:]
        for queue in queues {
            guard let depth = try await depth(of: prefix + queue) else { continue }
            depths[queue] = QueueDepth(ready: Int(depth.messages), consumers: Int(depth.consumers))
        }
        return depths
    }

    package func ping() async throws(BrokerError) {
        _ = try await depth(of: prefix + Topology.unroutableQueue)
    }

    private func depth(of name: String) async throws(BrokerError) -> AMQPQueueDepth? {
        do {
            return try await control.passiveDeclare(name)
        } catch {
            throw BrokerError(error)
        }
    }
}

extension AMQPConfiguration.TLS {
    fileprivate mutating func apply(_ security: BrokerSecurity) {
        authorityFile = security.authorityFile
        certificateFile = security.certificateFile
        keyFile = security.keyFile
        external = security.isExternal
    }
}

extension PublishError {
    fileprivate init(_ error: AMQPPublishError, routingKey: String) {
        switch error {
        case .unroutable: self = .unroutable(routingKey)
        case .rejected: self = .queueFull
        case .blocked(let reason): self = .brokerBlocked(reason)
        case .unconfirmed: self = .unconfirmed
        case .notConnected(let reason): self = .unavailable(reason)
        case .bufferFull: self = .unavailable("this process has too many publishes waiting")
        case .tooLarge(let what, let size, let limit):
            self = .refused("\(what) has \(size) bytes, at most \(limit) are sent")
        case .channelClosed(404, let text): self = .refused("\(text): run `jobctl topology apply`")
        case .channelClosed(let code, let text): self = .refused("\(code) \(text)")
        case .shutDown: self = .unavailable("shutting down")
        }
    }
}

extension BrokerError {
    init(_ error: AMQPError) {
        switch error {
        case .notConnected(let reason), .connectionLost(let reason): self = .unavailable(reason)
        case .timedOut(let operation): self = .unavailable("no answer to \(operation)")
        case .tooManyChannels: self = .unavailable("all channels are in use")
        case .shutDown: self = .unavailable("shutting down")
        case .channelClosed(404, let text): self = .queueMissing(text)
        case .channelClosed(let code, let text): self = .refused("\(code) \(text)")
        case .invalid(let reason): self = .refused(reason)
        }
    }
}
