import JobCore

extension FamilyVerb {
    /// `jobctl notification broadcast list`.
    static let broadcastList = FamilyVerb(
        "notification",
        "broadcast",
        "list",
        usage: "notification broadcast list",
        abstract: "Broadcasts, the newest first: how far they are.",
        use: .looks
    ) { context in
        _ = try VerbArguments(context, usage: "notification broadcast list", places: 0)
        let records = try await context.read { session throws(StoreError) in try session.broadcasts() }
        let rows = records.map { record in
            [
                record.id, record.state.rawValue, record.segment, "\(record.sent)", "\(record.skipped)",
                "\(record.users)", "\(Int(record.progress * 100)) %", record.startedAt.description,
            ]
        }
        let header = ["BROADCAST", "STATE", "SEGMENT", "SENT", "SKIPPED", "USERS", "DONE", "STARTED"]
        return Answer(
            text: records.isEmpty ? "no broadcast yet" : VerbAnswer.table(header, rows),
            json: VerbAnswer.json(records.map(\.json))
        )
    }

    static let broadcastPause = change(
        "pause",
        "Stop handing a broadcast over; what is in the queue still goes.",
        .paused,
        [.running]
    )
    static let broadcastResume = change("resume", "Go on with a broadcast that was paused.", .running, [.paused])
    static let broadcastCancel = change(
        "cancel",
        "End a broadcast for good where it is.",
        .cancelled,
        [.running, .paused]
    )

    private static func change(
        _ word: String,
        _ abstract: String,
        _ state: BroadcastRecord.State,
        _ from: [BroadcastRecord.State]
    ) -> FamilyVerb {
        let usage = "notification broadcast \(word) NAME"
        return FamilyVerb("notification", "broadcast", word, usage: usage, abstract: abstract, use: .changes) {
            context in
            let name = try VerbArguments(context, usage: usage, places: 1).places[0]
            let (isChanged, record) = try await context.transaction { session throws(StoreError) in
                (try session.setBroadcast(name, state, from: from), try session.broadcast(name))
            }
            guard let record else {
                throw VerbAnswer.Failure(
                    description: "no broadcast is called \(name): jobctl notification broadcast list"
                )
            }
            guard isChanged || record.state == state else {
                throw VerbAnswer.Failure(
                    description: "\(name) is \(record.state.rawValue) and cannot be \(state.rawValue)"
                )
            }
            return Answer(
                text: "\(name) is \(record.state.rawValue): \(record.sent) sent, \(record.users) in \(record.segment)",
                json: VerbAnswer.json(record.json)
            )
        }
    }
}

extension BroadcastRecord {
    fileprivate var json: [String: Any] {
        [
            "broadcast": id, "state": state.rawValue, "segment": segment, "job_id": jobID, "users": users,
            "sent": sent, "skipped": skipped, "slices": slices, "slices_begun": begun, "rate_per_second": rate,
            "progress": progress,
            "started_at": startedAt.description, "changed_at": changedAt.description,
        ]
    }
}
