public import JobCore
import Logging

/// Counts one day of check-ins anew: visits and different visitors of each venue.
public struct AnalyticsDaily: Job {
    public static let name: JobName = "analytics.daily"

    /// `2026-11-26`, the day on the wall of the venue.
    public var day: String

    public init(day: String) {
        self.day = day
    }
}

public struct AnalyticsDailyWorker: Worker {
    public init() {}

    /// One transaction takes the day's rows away and writes them again: whoever reads sees the old numbers or the new ones,
    /// and a rerun gives the same.
    public func perform(_ job: AnalyticsDaily, _ context: JobContext) async throws -> Outcome {
        guard let day = CivilDay(job.day) else {
            throw JobError.dead("bad_day", "day must be a date such as 2026-11-26")
        }
        let venues = try await context.transaction { session in
            try session.execute("delete from venue_days where day = :day", ["day": .text(day.description)])
            return try session.execute(
                """
                insert into venue_days (venue_id, day, visits, visitors)
                select venue_id, day, count(*), count(distinct user_id) from checkins where day = :day
                group by venue_id, day
                """,
                ["day": .text(day.description)]
            )
        }
        context.logger.info("day counted", metadata: ["day": "\(day)", "venues": "\(venues)"])
        return .done
    }
}

extension FamilyMigration {
    /// Retention: `checkins` are the API's to keep, `venue_days` stay.
    static let analytics = FamilyMigration(version: 1001, name: "analytics") { _ in
        [
            // A row of a source has one place in it, so that loading twice changes nothing.
            """
            create table checkins (
                source text not null, line bigint not null, user_id text not null, venue_id text not null,
                at_ms bigint not null, day text not null, primary key (source, line)
            )
            """,
            "create index checkins_by_day on checkins (day, venue_id)",
            """
            create table venue_days (
                venue_id text not null, day text not null, visits bigint not null, visitors bigint not null,
                primary key (venue_id, day)
            )
            """,
            "create index venue_days_by_day on venue_days (day)",
        ]
    }
}
