import JobCore

extension FamilyMigration {
    /// Retention: profiles, devices and suppressions stay until the person goes (`privacy erase`); what tells of single
    /// messages goes after `notification.tidy`'s days.
    static let notifications = FamilyMigration(version: 1010, name: "notifications") { dialect in
        [
            """
            create table notification_profiles (
                user_id text not null primary key, locale text not null, zone text not null, phone text, email text,
                quiet_from integer, quiet_to integer, opt_outs text not null, opt_ins text not null, changed_at bigint not null
            )
            """,
            // A token is one app's on one device: whoever registers it last has it.
            """
            create table notification_devices (
                platform text not null, token text not null, user_id text not null, app text not null,
                locale text, registered_at bigint not null, primary key (platform, token)
            )
            """,
            "create index notification_devices_by_user on notification_devices (user_id)",
            // One row a message: a device of a push, a number of an SMS. It is there before the provider is asked where a
            // second message would be worse than none.
            """
            create table notification_messages (
                job_id text not null, recipient text not null, channel text not null, user_id text, provider text not null,
                provider_id text, state text not null, rank integer not null, error text, segments integer not null,
                at_ms bigint not null, primary key (job_id, recipient)
            )
            """,
            "create index notification_messages_by_time on notification_messages (at_ms)",
            """
            create index notification_messages_by_provider on notification_messages (provider_id)
                where provider_id is not null
            """,
            // What would have been sent, where a provider has no credentials. Keyed as the message is: a repetition writes
            // nothing.
            """
            create table notification_captures (
                job_id text not null, recipient text not null, channel text not null, user_id text, content \(dialect.bytes) not null,
                at_ms bigint not null, primary key (job_id, recipient)
            )
            """,
            "create index notification_captures_by_time on notification_captures (at_ms)",
            """
            create table notification_suppressions (
                channel text not null, address text not null, list text not null, reason text not null,
                at_ms bigint not null, primary key (channel, address, list)
            )
            """,
            """
            create table notification_counts (
                owner text not null, name text not null, day text not null, used bigint not null,
                primary key (owner, name, day)
            )
            """,
            "create index notification_counts_by_day on notification_counts (day)",
            // A job of its own takes up the cap once, however often it runs.
            """
            create table notification_grants (
                job_id text not null primary key, at_ms bigint not null
            )
            """,
            "create index notification_grants_by_time on notification_grants (at_ms)",
            """
            create table notification_digests (
                item_id text not null primary key, user_id text not null, digest text not null, taken_by text,
                variables \(dialect.bytes) not null, at_ms bigint not null
            )
            """,
            "create index notification_digests_by_owner on notification_digests (user_id, digest)",
            """
            create table notification_broadcasts (
                id text not null primary key, state text not null, segment text not null, content text not null,
                cursor text not null, users bigint not null, sent bigint not null, skipped bigint not null,
                rate bigint not null, slices bigint not null, begun bigint not null, job_id text not null,
                started_at bigint not null, changed_at bigint not null
            )
            """,
            """
            create table notification_segments (
                segment text not null, user_id text not null, primary key (segment, user_id)
            )
            """,
        ]
    }
}
