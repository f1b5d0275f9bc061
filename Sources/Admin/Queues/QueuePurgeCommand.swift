import ArgumentParser
import JobCore

struct QueuePurgeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Empty a queue: what is ready in it does not run; for thirty days it can be undone.",
        discussion: """
            Takes as many messages as are ready when it begins, so that producers who go on do not keep it busy. What workers
            have fetched is not touched: `queue pause` first, if it must not run either.
            """
    )

    /// In one transaction.
    private static let credit = 200

    @Argument(help: "A queue, of all its lanes, or a lane (system.bulk).") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let lanes = try lanes(try context.manifest())
        // It fetches as a worker does: on SQLite its peers must see whether it lives.
        try await context.withPlatform(.daemon) { platform in
            try await platform.store.checkSchema()
            let depths = try await platform.broker.depths(lanes.map(\.name))
            let count = depths.values.reduce(0) { $0 + $1.ready }
            var purged = 0
            let operation = JobID().description
            if count > 0 {
                let deed = "take \(count) ready job\(count == 1 ? "" : "s") out of \(name) on \(platform.display)"
                try await Confirmation(deed: deed, word: String(count)).obtain(consent, context)
                for lane in lanes {
                    let wanted = depths[lane.name]?.ready ?? 0
                    guard wanted > 0 else { continue }
                    purged += try await purge(lane, wanted, purged, operation, platform, context)
                }
            }
            if output.json {
                return context.output.print([
                    "operation": purged > 0 ? .text(operation) : .null, "queue": .text(name), "purged": .int(purged),
                ])
            }
            guard purged > 0 else { return context.output.print("nothing is ready in \(name)") }
            context.output.print("purged \(purged), operation \(operation); jobctl operation undo takes it back")
        }
    }

    private func lanes(_ manifest: Manifest) throws -> [QueueAddress] {
        let all = manifest.topology.queues.flatMap(\.addresses)
        let chosen = all.filter { $0.queue == name || $0.name == name }
        guard chosen.isEmpty else { return chosen }
        throw CommandFailure.usage(
            "no queue is called \"\(name)\"",
            remedy: "one of \(Set(all.map(\.queue)).sorted().joined(separator: ", "))"
        )
    }

    /// Stored before they are acknowledged: an end in between leaves them in the queue.
    private func purge(
        _ lane: QueueAddress,
        _ wanted: Int,
        _ before: Int,
        _ operation: String,
        _ platform: Platform,
        _ context: CommandContext
    ) async throws -> Int {
        let consumption = try await platform.broker.consume(lane.name, credit: min(wanted, QueuePurgeCommand.credit))
        let watch = Task { await stopWhenEmpty(consumption, lane, platform) }
        var purged = 0
        do {
            while purged < wanted, let batch = await consumption.next() {
                let letters = batch.prefix(wanted - purged).map { letter($0, lane, operation, context) }
                let record = JobCore.Operation(
                    id: operation,
                    kind: "queue.purge",
                    subject: name,
                    actor: context.actor,
                    reason: reason.reason,
                    detail: ["purged": .int(before + purged + letters.count)]
                )
                try await platform.store.keepPurged(letters, record)
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
    private func stopWhenEmpty(_ consumption: any Consumption, _ lane: QueueAddress, _ platform: Platform) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            let depth = try? await platform.broker.depths([lane.name])[lane.name]
            if depth?.ready == 0 { return await consumption.stop() }
        }
    }

    private func letter(
        _ delivery: Delivery,
        _ lane: QueueAddress,
        _ operation: String,
        _ context: CommandContext
    ) -> DeadLetter {
        let failure = Failure(Failure.purgedLabel, "taken out of the queue by \(context.actor)")
        var letter: DeadLetter
        if let envelope = try? Envelope(wire: delivery.message, receivedAt: .now()) {
            letter = DeadLetter(envelope, at: lane, failure: failure, build: "", worker: context.actor)
        } else {
            let id = delivery.message.messageID.flatMap { JobID($0) } ?? JobID()
            letter = DeadLetter(
                strange: delivery,
                id: id,
                at: lane,
                failure: failure,
                build: "",
                worker: context.actor
            )
        }
        letter.deathID = "purge:\(operation)"
        return letter
    }
}
