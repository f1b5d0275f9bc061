import JobCore

/// Takes what is ready out of a queue into the store, where it is kept as purged letters under one operation.
struct QueueEmptier {
    /// In one transaction.
    private static let credit = 200

    let platform: Platform
    /// A queue, of all its lanes, or a lane.
    let name: String
    let operation: String
    /// `queue.purge`, `queue.drain`.
    let kind: String
    let actor: String
    let reason: String?

    static func lanes(_ name: String, _ manifest: Manifest) throws -> [QueueAddress] {
        let all = manifest.topology.queues.flatMap(\.addresses)
        let chosen = all.filter { $0.queue == name || $0.name == name }
        guard chosen.isEmpty else { return chosen }
        throw CommandFailure.usage(
            "no queue is called \"\(name)\"",
            remedy: "one of \(Set(all.map(\.queue)).sorted().joined(separator: ", "))"
        )
    }

    /// As many messages as these, so that producers who go on do not keep it busy.
    func run(_ depths: [(lane: QueueAddress, ready: Int)]) async throws -> Int {
        var taken = 0
        for (lane, ready) in depths where ready > 0 { taken += try await empty(lane, ready, taken) }
        if taken > 0 { try await platform.store.record(record(taken, .done)) }
        return taken
    }

    private func record(_ taken: Int, _ state: JobCore.Operation.State) -> JobCore.Operation {
        JobCore.Operation(
            id: operation,
            kind: kind,
            subject: name,
            actor: actor,
            reason: reason,
            state: state,
            detail: ["purged": .int(taken)]
        )
    }

    /// Stored before they are acknowledged: an end in between leaves them in the queue.
    private func empty(_ lane: QueueAddress, _ wanted: Int, _ before: Int) async throws -> Int {
        let consumption = try await platform.broker.consume(lane.name, credit: min(wanted, QueueEmptier.credit))
        let watch = Task { await stopWhenEmpty(consumption, lane) }
        var purged = 0
        do {
            while purged < wanted, let batch = await consumption.next() {
                let letters = batch.prefix(wanted - purged).map { letter($0, lane) }
                try await platform.store.keepPurged(letters, record(before + purged + letters.count, .running))
                try await consumption.acknowledge(batch.prefix(letters.count).map(\.tag))
                purged += letters.count
            }
        } catch {
            watch.cancel()
            await consumption.giveBack()
            throw error
        }
        watch.cancel()
        await consumption.giveBack()
        return purged
    }

    /// Others may fetch the same queue: then there is less than was seen.
    private func stopWhenEmpty(_ consumption: any Consumption, _ lane: QueueAddress) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            let depth = try? await platform.broker.depths([lane.name])[lane.name]
            if depth?.ready == 0 { return await consumption.stop() }
        }
    }

    private func letter(_ delivery: Delivery, _ lane: QueueAddress) -> DeadLetter {
        let failure = Failure(Failure.purgedLabel, "taken out of the queue by \(actor)")
        var letter: DeadLetter
        if let envelope = try? Envelope(wire: delivery.message, receivedAt: .now()) {
            letter = DeadLetter(envelope, at: lane, failure: failure, build: "", worker: actor)
        } else {
            let id = delivery.message.messageID.flatMap { JobID($0) } ?? JobID()
            letter = DeadLetter(
                strange: delivery,
                id: id,
                at: lane,
                failure: failure,
                build: "",
                worker: actor
            )
        }
        letter.deathID = "purge:\(operation)"
        return letter
    }
}
