import JobCore
import Logging
import RabbitMQ
import Synchronization

/// Logs what an operator acts on: connections lost and found, alarms, queues that vanished.
final class BrokerEvents: Sendable {
    private let logger: Logger
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(logger: Logger) {
        self.logger = logger
    }

    func watch(_ events: AsyncStream<AMQPLinkEvent>, of role: String) {
        var logger = logger
        logger[metadataKey: "link"] = "\(role)"
        let task = Task { [logger] in
            for await event in events { BrokerEvents.log(event, logger) }
        }
        tasks.withLock { $0.append(task) }
    }

    func stop() {
        let all = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in all { task.cancel() }
    }

    private static func log(_ event: AMQPLinkEvent, _ logger: Logger) {
        switch event {
        case .connected(let host):
            logger.debug("connected to the broker", metadata: ["host": "\(host)"])
        case .connectFailed(let reason, let retry):
            logger.warning(
                "broker not reachable",
                metadata: [
                    LogKey.error: "\(reason)", LogKey.seconds: "\(retry.seconds)",
                ]
            )
        case .disconnected(let reason):
            logger.warning("broker connection lost", metadata: [LogKey.error: "\(reason)"])
        case .blocked(let reason):
            logger.error("the broker takes no publishes", metadata: [LogKey.error: "\(reason)"])
        case .unblocked:
            logger.notice("the broker takes publishes again")
        case .subscribed(let queue):
            logger.debug("fetching", metadata: [LogKey.queue: "\(queue)"])
        case .stalled(let queue):
            logger.warning(
                "jobs are ready and none was delivered: the subscription is made anew",
                metadata: [LogKey.queue: "\(queue)"]
            )
        case .cancelledByBroker(let queue):
            logger.warning("the broker ended a subscription", metadata: [LogKey.queue: "\(queue)"])
        case .subscriptionFailed(let queue, let code, let text, _):
            logger.warning(
                "cannot fetch from a queue",
                metadata: [
                    LogKey.queue: "\(queue)", LogKey.error: "\(code) \(text)",
                ]
            )
        }
    }
}
