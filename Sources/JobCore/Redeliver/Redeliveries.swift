import Logging

/// Decides about deliveries that were handed out before, ahead of their start.
struct Redeliveries: Sendable {
    private static let adoptionDeadline: Duration = .seconds(5)

    let store: Store
    let broker: any Broker
    let witness: any DeathWitness
    /// This process in start marks.
    let worker: String
    let logger: Logger

    /// What to do with each. Jobs that are to run are marked as begun by this process when this returns.
    func welcome(_ deliveries: [Delivery]) async throws(StoreError) -> [DeliveryTag: Redelivery] {
        var answers: [DeliveryTag: Redelivery] = [:]
        var keys: [AttemptKey] = []
        var nameless: [Delivery] = []
        for delivery in deliveries {
            if let key = AttemptKey(delivery.message) {
                keys.append(key)
            } else if delivery.message.messageID == nil {
                nameless.append(delivery)
            }
        }
        if !keys.isEmpty {
            let found = try await lookUp(keys)
            for delivery in deliveries {
                if let key = AttemptKey(delivery.message) { answers[delivery.tag] = found[key] }
            }
        }
        for tag in await adopt(nameless) { answers[tag] = .finished }
        return answers
    }

    /// A store that refuses the question is no reason to hold jobs up: they run, at least once.
    private func lookUp(_ keys: [AttemptKey]) async throws(StoreError) -> [AttemptKey: Redelivery] {
        do {
            return try await store.welcomeBack(keys, worker: worker, witness: witness)
        } catch {
            if error.isRetryable { throw error }
            logger.error(
                "redelivered jobs could not be looked up and run again",
                metadata: [LogKey.error: "\(error)", LogKey.count: "\(keys.count)"]
            )
            return [:]
        }
    }

    /// Publishes messages without id anew, with one, and with the times at which they were first seen: from then on they
    /// can be looked up. The tags of those that are confirmed; the others run as they are, and so do bytes that are no job.
    private func adopt(_ nameless: [Delivery]) async -> [DeliveryTag] {
        let adoptable = nameless.compactMap { delivery -> (DeliveryTag, Envelope)? in
            guard delivery.oversize == nil else { return nil }
            return (try? Envelope(wire: delivery.message, receivedAt: .now())).map { (delivery.tag, $0) }
        }
        guard !adoptable.isEmpty else { return [] }
        let answers = await broker.publish(adoptable.map { $0.1.wire() }, deadline: Redeliveries.adoptionDeadline)
        return zip(adoptable, answers).compactMap { adopted, answer in
            if case .success = answer { adopted.0 } else { nil }
        }
    }
}
