extension DeadLetter {
    /// The letter of a message that is no job, or that the broker or a stranger dead-lettered: nothing in it is
    /// believed, everything in it is kept. A message without a usable id gets a fresh one and keeps the rest.
    package init(
        strange delivery: Delivery,
        id: JobID,
        at address: QueueAddress,
        failure: Failure,
        build: String,
        worker: String
    ) {
        let message = delivery.message
        let attempt = message.headers[HeaderName.attempt]?.integer.map { max(0, $0) } ?? 0
        let born = message.headers[HeaderName.enqueuedAt]?.integer.map { Timestamp(milliseconds: Int64($0)).bounded }
        let replay = message.headers[HeaderName.replayOperation]?.string
        self.init(
            jobID: id,
            deathID: "\(failure.label):\(attempt)" + (replay.map { ":replay:\($0)" } ?? ""),
            job: message.routingKey,
            address: address,
            payload: message.body,
            headers: message.headers.filter { !HeaderName.isBrokerBookkeeping($0.key) },
            attempts: attempt,
            failure: failure,
            build: build,
            worker: worker,
            enqueuedAt: born ?? message.readyAt ?? .now(),
            oversize: delivery.oversize
        )
    }
}
