import Foundation
import JobCore

extension FamilyVerb {
    /// `jobctl notification messages --user ID | --job ID`: what became of them.
    static let messages = FamilyVerb(
        "notification",
        "messages",
        usage: "notification messages --user ID | --job ID [--limit N]",
        abstract: "What became of a person's or a job's messages, device by device.",
        use: .looks
    ) { context in
        let usage = "notification messages --user ID | --job ID [--limit N]"
        let arguments = try VerbArguments(context, usage: usage, places: 0, options: ["user", "job", "limit"])
        guard let value = arguments["user"] ?? arguments["job"], arguments["user"] == nil || arguments["job"] == nil
        else { throw arguments.mistake("whose? --user or --job is wanted") }
        let column = arguments["user"] == nil ? "job_id" : "user_id"
        let limit = try arguments.integer("limit", in: 1...10_000, else: 100)
        let rows = try await context.read { session throws(StoreError) in
            try session.query(
                """
                select job_id, recipient, channel, provider, provider_id, state, error, segments, at_ms
                from notification_messages where \(column) = :value order by at_ms desc limit :limit
                """,
                ["value": .text(value), "limit": .int(limit)]
            )
        }
        var (cells, objects): ([[String]], [[String: Any]]) = ([], [])
        for row in rows {
            let at = try row.instant("at_ms").description
            let (job, channel, state) = (try row.text("job_id"), try row.text("channel"), try row.text("state"))
            let (recipient, error) = (try row.text("recipient"), try row.optionalText("error"))
            // Tokens and numbers are personal: their last letters tell them apart.
            let masked = recipient.hasPrefix("user:") ? "-" : "…\(recipient.suffix(4))"
            cells.append([at, channel, state, masked, error ?? "", job])
            objects.append([
                "job_id": job, "channel": channel, "state": state, "recipient": masked,
                "provider": try row.text("provider"),
                "provider_id": VerbAnswer.optional(try row.optionalText("provider_id")),
                "error": VerbAnswer.optional(error), "segments": try row.int("segments"), "at": at,
            ])
        }
        let header = ["AT", "CHANNEL", "STATE", "TO", "ERROR", "JOB"]
        return Answer(
            text: cells.isEmpty ? "no message" : VerbAnswer.table(header, cells),
            json: VerbAnswer.json(objects)
        )
    }

    /// `jobctl notification captured`: what would have been sent.
    static let captured = FamilyVerb(
        "notification",
        "captured",
        usage: "notification captured [--limit N]",
        abstract: "Messages that were kept because a provider has no credentials here, the newest first.",
        use: .looks
    ) { context in
        let arguments = try VerbArguments(
            context,
            usage: "notification captured [--limit N]",
            places: 0,
            options: ["limit"]
        )
        let limit = try arguments.integer("limit", in: 1...10_000, else: 20)
        let (rows, total) = try await context.read { session throws(StoreError) in
            let total = try session.query("select count(*) as total from notification_captures").first
            let rows = try session.query(
                """
                select job_id, recipient, channel, content, at_ms from notification_captures
                order by at_ms desc, job_id limit :limit
                """,
                ["limit": .int(limit)]
            )
            guard let total else { return (rows, Int64(0)) }
            return (rows, try total.int("total"))
        }
        var (cells, objects): ([[String]], [[String: Any]]) = ([], [])
        for row in rows {
            let content = String(decoding: try row.payload("content", owner: "job_id"), as: UTF8.self)
            let (at, channel) = (try row.instant("at_ms").description, try row.text("channel"))
            let recipient = "…\(try row.text("recipient").suffix(4))"
            cells.append([at, channel, recipient, content])
            objects.append([
                "job_id": try row.text("job_id"), "channel": channel, "recipient": recipient, "content": content,
                "at": at,
            ])
        }
        return Answer(
            text: cells.isEmpty
                ? "nothing was captured"
                : VerbAnswer.table(["AT", "CHANNEL", "TO", "CONTENT"], cells) + "\n\(total) in all",
            json: VerbAnswer.json(["total": total, "messages": objects])
        )
    }
}
