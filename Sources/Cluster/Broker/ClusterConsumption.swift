import JobCore
import RabbitMQ

/// One subscription behind the broker's port.
struct ClusterConsumption: Consumption {
    let consumer: AMQPConsumer

    func next() async -> [Delivery]? {
        await consumer.nextBatch()?.map(Delivery.init)
    }

    /// AMQP does not confirm acknowledgements: what is lost with a connection comes back as a redelivery.
    func acknowledge(_ tags: [JobCore.DeliveryTag]) async throws(BrokerError) {
        let stale = await consumer.acknowledge(
            tags.map { RabbitMQ.DeliveryTag(generation: $0.generation, number: $0.number) }
        )
        guard stale == 0 else { throw .stale }
    }

    func setCredit(_ credit: Int) async {
        await consumer.setPrefetch(credit)
    }

    func stop() async {
        await consumer.cancel()
    }

    func giveBack() async {
        await consumer.close()
    }
}
