import Admin
import ArgumentParser
import JobCore
import RabbitMQ

/// The bare RabbitMQ room publishing: no engine, messages made beforehand, in the wire form that the engine uses.
struct BarePublishChild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bare-publish", shouldDisplay: false)

    @Option(help: "Messages in all.")
    var count: Int

    @Option(help: "Messages in one call.")
    var batch = 500

    @Option(help: "Calls under way at once.")
    var callers = 4

    func run() async throws {
        ParentWatch.start()
        let stage = try BenchStage.fromEnvironment()
        let publisher = AMQPPublisher(try stage.amqp(), logger: stage.logger)
        try await publisher.waitUntilConnected(within: .seconds(10))
        let exchange = stage.configuration.prefix + Topology.strictExchange
        let messages = try (0..<batch).map { try BareMessage.make($0, exchange: exchange) }
        let (wall, cpu) = (Clock.wall, Clock.cpu)
        let calls = count / batch / callers
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<callers {
                group.addTask {
                    for _ in 0..<calls {
                        for result in await publisher.publish(messages, deadline: .seconds(30)) { try result.get() }
                    }
                }
            }
            try await group.waitForAll()
        }
        try Report.send(
            EnqueueReport(
                count: calls * callers * batch,
                beganAt: wall,
                endedAt: Clock.wall,
                cpu: Clock.cpu - cpu,
                call: nil
            )
        )
        await publisher.close()
    }
}

/// The bare RabbitMQ room consuming: prefetch 1 000, each batch acknowledged as it came, nothing decoded.
struct BareConsumeChild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bare-consume", shouldDisplay: false)

    @Option(help: "Deliveries after which to report and end.")
    var expect: Int

    func run() async throws {
        ParentWatch.start()
        let stage = try BenchStage.fromEnvironment()
        let link = AMQPConsumerLink(try stage.amqp(), logger: stage.logger)
        try await link.waitUntilConnected(within: .seconds(10))
        let consumer = try await link.consume(queue: stage.configuration.prefix + BenchStage.queue, prefetch: 1_000)
        var count = 0
        var began = (wall: Clock.wall, cpu: Clock.cpu)
        while count < expect, let batch = await consumer.nextBatch() {
            if count == 0 { began = (Clock.wall, Clock.cpu) }
            count += batch.count
            await consumer.acknowledge(batch.map(\.tag))
        }
        try Report.send(
            WorkReport(
                count: count,
                beganAt: began.wall,
                endedAt: Clock.wall,
                cpu: Clock.cpu - began.cpu,
                peakMemory: ProcessUsage.own.peakMemory,
                latency: nil
            )
        )
        await link.close()
    }
}

private enum BareMessage {
    static func make(_ number: Int, exchange: String) throws -> AMQPMessage {
        let now = Timestamp.now()
        let headers: AMQPTable = [
            HeaderName.version: 1, HeaderName.attempt: 1, HeaderName.enqueuedAt: .int64(now.milliseconds),
            HeaderName.readyAt: .int64(now.milliseconds),
        ]
        return AMQPMessage(
            exchange: exchange,
            routingKey: BenchProbe.name.rawValue,
            body: try PayloadCoding.encode(BenchProbe(number: number)),
            properties: AMQPProperties(
                contentType: "application/json",
                headers: headers,
                messageID: JobID().description,
                timestamp: UInt64(clamping: now.milliseconds / 1_000),
                type: BenchProbe.name.rawValue
            )
        )
    }
}
