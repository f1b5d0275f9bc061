import JobCore

/// What became of one message to one device, number or address.
struct MessageRecord: Sendable, Equatable {
    /// In the order in which they can follow each other: a later report never takes a message back.
    enum State: String, Sendable, CaseIterable {
        /// About to be handed over: what is found so after a crash may have been sent.
        case sending
        case queued
        case sent
        case captured
        /// Handed over, and nobody knows whether it arrived there.
        case unknown
        case refused
        /// The device or number is not there any more.
        case gone
        case failed
        case delivered
        case read

        /// Callbacks come in any order: only a higher rank is written over a lower one. `delivered` wins over `failed`: a
        /// carrier that had given up may still deliver.
        var rank: Int {
            switch self {
            case .sending: 0
            case .queued, .unknown: 1
            case .sent, .captured, .refused, .gone: 2
            case .failed: 3
            case .delivered: 4
            case .read: 5
            }
        }
    }

    let recipient: String
    var channel: Channel
    var userID: String?
    var provider: String
    var providerID: String?
    var state: State
    var error: String?
    var segments = 1

    init(
        _ recipient: String,
        _ channel: Channel,
        userID: String? = nil,
        provider: String,
        providerID: String? = nil,
        _ state: State,
        error: String? = nil,
        segments: Int = 1
    ) {
        self.recipient = recipient
        self.channel = channel
        self.userID = userID
        self.provider = provider
        self.providerID = providerID
        self.state = state
        self.error = error
        self.segments = segments
    }
}

extension SQLSession {
    func messages(of job: JobID) throws(StoreError) -> [MessageRecord] {
        try messages(ofAll: [job])[job] ?? []
    }

    func messages(ofAll jobs: Set<JobID>) throws(StoreError) -> [JobID: [MessageRecord]] {
        for statement in dialect.byKeysOnly { try execute(statement) }
        let rows = try query(
            """
            \(dialect.list(of: ":jobs"))
            select job_id, recipient, channel, user_id, provider, provider_id, state, error, segments
            from notification_messages where \(dialect.isListed("job_id"))
            """,
            ["jobs": .list(jobs.map(\.description))]
        )
        var records: [JobID: [MessageRecord]] = [:]
        for row in rows {
            guard let channel = Channel(rawValue: try row.text("channel")),
                let state = MessageRecord.State(rawValue: try row.text("state"))
            else { continue }
            records[try row.id("job_id"), default: []].append(
                MessageRecord(
                    try row.text("recipient"),
                    channel,
                    userID: try row.optionalText("user_id"),
                    provider: try row.text("provider"),
                    providerID: try row.optionalText("provider_id"),
                    state,
                    error: try row.optionalText("error"),
                    segments: Int(try row.int("segments"))
                )
            )
        }
        return records
    }

    /// Rows of the same job and recipient are written over.
    func keep(_ records: [MessageRecord], of job: JobID) throws(StoreError) {
        try keep(records.map { (job, $0) })
    }

    func keep(_ records: [(job: JobID, record: MessageRecord)]) throws(StoreError) {
        guard !records.isEmpty else { return }
        try executeBatch(
            """
            insert into notification_messages
                (job_id, recipient, channel, user_id, provider, provider_id, state, rank, error, segments, at_ms)
            values (:job, :recipient, :channel, :user, :provider, :pid, :state, :rank, :error, :segments,
                (select now_ms()))
            on conflict (job_id, recipient) do update set provider = excluded.provider,
                provider_id = coalesce(excluded.provider_id, notification_messages.provider_id), state = excluded.state,
                rank = excluded.rank, error = excluded.error, at_ms = excluded.at_ms
                where notification_messages.rank <= excluded.rank
            """,
            records.map { job, record in
                [
                    "job": .id(job), "recipient": .text(record.recipient), "channel": .text(record.channel.rawValue),
                    "user": .text(record.userID), "provider": .text(record.provider), "pid": .text(record.providerID),
                    "state": .text(record.state.rawValue), "rank": .int(record.state.rank),
                    "error": .text(record.error), "segments": .int(record.segments),
                ]
            }
        )
    }

    /// Claims messages that are about to be handed over: those of the recipients that nobody else has, or had.
    func claim(_ records: [MessageRecord], of job: JobID) throws(StoreError) -> Set<String> {
        let inserted = try executeBatch(
            """
            insert into notification_messages
                (job_id, recipient, channel, user_id, provider, provider_id, state, rank, error, segments, at_ms)
            values (:job, :recipient, :channel, :user, :provider, null, 'sending', 0, null, :segments, (select now_ms()))
            on conflict (job_id, recipient) do nothing
            """,
            records.map { record in
                [
                    "job": .id(job), "recipient": .text(record.recipient), "channel": .text(record.channel.rawValue),
                    "user": .text(record.userID), "provider": .text(record.provider), "segments": .int(record.segments),
                ]
            }
        )
        return Set(zip(records, inserted).filter { $0.1 > 0 }.map(\.0.recipient))
    }

    /// Gives claims back: those messages were surely not taken.
    func withdraw(_ recipients: [String], of job: JobID) throws(StoreError) {
        try executeBatch(
            "delete from notification_messages where job_id = :job and recipient = :recipient and rank < 2",
            recipients.map { ["job": .id(job), "recipient": .text($0)] }
        )
    }

    /// What would have been sent. A repetition changes nothing.
    func capture(
        _ contents: [(job: JobID, user: String?, recipient: String, content: [UInt8])],
        _ channel: Channel
    ) throws(StoreError) {
        guard !contents.isEmpty else { return }
        try executeBatch(
            """
            insert into notification_captures (job_id, recipient, channel, user_id, content, at_ms)
            values (:job, :recipient, :channel, :user, :content, (select now_ms()))
            on conflict (job_id, recipient) do nothing
            """,
            contents.map { job, user, recipient, content in
                [
                    "job": .id(job), "recipient": .text(recipient), "channel": .text(channel.rawValue),
                    "user": .text(user), "content": .payload(content, owner: job.description),
                ]
            }
        )
    }
}
