import JobCore

extension Platform {
    /// Goes on with the lanes' history where no sampler has: then lag can be told also when no daemon is alive.
    /// - Parameter always: also when the last sample is young.
    package func sampleLanes(always: Bool = false) async throws {
        guard profile == .cluster else { return }
        let record = try await store.lanes()
        if !always, let last = record.sampledAt, record.now.duration(since: last) < Store.sampleStale { return }
        let addresses = Set(record.routes.map(\.address)).sorted()
        let depths = try await broker.depths(addresses.map(\.name))
        do throws(StoreError) {
            try await store.sample(addresses.compactMap { lane in depths[lane.name].map { (lane, $0.ready) } })
        } catch {
            // A viewer writes nothing: the lag is as old as the last sample, and says so.
            guard case .forbidden = error, !always else { throw error }
        }
    }

    /// What the store knows of all lanes, with what producers' outboxes hold for them.
    /// - Parameter guessing: goes on without an outbox that does not answer, which its loop tells of.
    func lanes(guessing: Bool = false) async throws -> LaneRecord {
        var record = try await store.lanes()
        for outbox in outboxes {
            do throws(StoreError) {
                record.note(try await outbox.heads())
            } catch {
                if !guessing { throw error }
            }
        }
        return record
    }
}
