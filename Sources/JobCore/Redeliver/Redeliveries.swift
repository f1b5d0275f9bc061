import Logging

/// What was decided about one delivery.
struct Greeting: Sendable {
    let welcome: Welcome
    /// Nil for a message that was adopted.
    let key: AttemptKey?
}

/// Decides about deliveries that were handed out before, ahead of their start.
struct Redeliveries: Sendable {
    private static let adoptionDeadline: Duration = .seconds(5)

    let store: Store
    let broker: any Broker
    let witness: any DeathWitness
    /// Routing keys of the types that are looked up at their first delivery too.
    let deduplicating: Set<String>
    /// This process in start marks.
    let worker: String
    let logger: Logger

    /// What to do with each. Jobs that are to run are marked as begun by this process when this returns.
    func welcome(_ deliveries: some Collection<Delivery>) async throws(StoreError) -> [DeliveryTag: Greeting] {
        var answers: [DeliveryTag: Greeting] = [:]
        var known: [(tag: DeliveryTag, key: AttemptKey)] = []
        var twice: Set<JobID> = []
        var nameless: [Delivery] = []
        for delivery in deliveries {
            if let key = AttemptKey(delivery.message) {
                known.append((delivery.tag, key))
                if deduplicating.contains(delivery.message.routingKey) { twice.insert(key.id) }
            } else if delivery.message.messageID == nil {
                nameless.append(delivery)
            }
        }
        if !known.isEmpty {
            let found = try await lookUp(known.map(\.key), twice)
            for (tag, key) in known { answers[tag] = found[key].map { Greeting(welcome: $0, key: key) } }
        }
        for tag in await adopt(nameless) {
            answers[tag] = Greeting(welcome: Welcome(answer: .finished, generation: 0), key: nil)
        }
        return answers
    }

    /// A store that refuses the question is no reason to hold jobs up: they run, at least once.
    private func lookUp(
        _ keys: [AttemptKey],
        _ twice: Set<JobID>
    ) async throws(StoreError) -> [AttemptKey: Welcome] {
        do {
            return try await store.welcomeBack(keys, deduplicating: twice, worker: worker, witness: witness)
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
