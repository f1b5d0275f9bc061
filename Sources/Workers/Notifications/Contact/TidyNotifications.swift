public import JobCore
import Logging

/// Takes away what tells of single messages and is old. Runs every night.
public struct TidyNotifications: Job {
    public static let name: JobName = "notification.tidy"

    /// Results and captured messages: 1…3650, default 30.
    public var messageDays: Int

    public init(messageDays: Int = 30) { self.messageDays = messageDays }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(messageDays: try fields.decodeIfPresent(Int.self, forKey: .messageDays) ?? 30)
    }
}

public struct TidyNotificationsWorker: Worker {
    /// Rows in one transaction.
    private static let slice = 2000

    public init() {}

    public func perform(_ job: TidyNotifications, _ context: JobContext) async throws -> Outcome {
        guard 1...3650 ~= job.messageDays else { throw JobError.dead("bad_days", "message_days is 1…3650") }
        let ages: [(table: String, key: [String], days: Int)] = [
            ("notification_messages", ["job_id", "recipient"], job.messageDays),
            ("notification_captures", ["job_id", "recipient"], job.messageDays),
            ("notification_grants", ["job_id"], 3),
            ("notification_digests", ["item_id"], 7),
        ]
        for (table, key, days) in ages {
            while true {
                if context.isSliceOver { return .continued }
                let gone = try await context.write { session throws(StoreError) in
                    try session.tidy(table, key, days: days, slice: Self.slice)
                }
                if gone < Self.slice { break }
            }
        }
        try await context.write { session throws(StoreError) in
            let day = Timestamp(milliseconds: try session.now().milliseconds - 7 * 86_400_000).day
            try session.execute("delete from notification_counts where day < :day", ["day": .text(day)])
        }
        return .done
    }
}

extension SQLSession {
    fileprivate func tidy(_ table: String, _ key: [String], days: Int, slice: Int) throws(StoreError) -> Int {
        let columns = key.joined(separator: ", ")
        return try execute(
            """
            delete from \(table) where (\(columns)) in (
                select \(columns) from \(table) where at_ms < (select now_ms()) - :age limit :slice
            )
            """,
            ["age": .int(days * 86_400_000), "slice": .int(slice)]
        )
    }
}
