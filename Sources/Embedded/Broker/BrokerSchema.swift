package import JobCore

extension EmbeddedBroker {
    /// The broker's tables, for the store's migrations on SQLite. Expand-only; every statement can be repeated.
    ///
    /// `ready` is counted by triggers, inside the transaction that changes the rows: exact whoever writes them.
    package static let migrations: [String] = [
        """
        create table if not exists broker_queues (
            name text primary key,
            maximum_length integer,
            dead_letter text,
            ready integer not null default 0
        ) without rowid
        """,
        """
        create table if not exists ready_messages (
            seq integer primary key autoincrement,
            queue text not null,
            routing_key text not null,
            message_id text,
            type text,
            content_type text,
            timestamp integer,
            ready_at integer not null,
            claimed_by text,
            consumer integer,
            redelivered integer not null default 0,
            headers blob not null,
            body blob not null
        )
        """,
        """
        create table if not exists broker_consumers (
            process text not null,
            consumer integer not null,
            queue text not null,
            primary key (process, consumer)
        ) without rowid
        """,
        """
        create index if not exists ready_messages_ready on ready_messages (queue, seq) where claimed_by is null
        """,
        """
        create index if not exists ready_messages_age on ready_messages (queue, ready_at) where claimed_by is null
        """,
        """
        create index if not exists ready_messages_claimed on ready_messages (claimed_by, queue, ready_at)
        where claimed_by is not null
        """,
        """
        create trigger if not exists ready_messages_added after insert on ready_messages when new.claimed_by is null
        begin
            update broker_queues set ready = ready + 1 where name = new.queue;
        end
        """,
        """
        create trigger if not exists ready_messages_removed after delete on ready_messages when old.claimed_by is null
        begin
            update broker_queues set ready = ready - 1 where name = old.queue;
        end
        """,
        """
        create trigger if not exists ready_messages_claimed after update of claimed_by on ready_messages
        when (old.claimed_by is null) <> (new.claimed_by is null)
        begin
            update broker_queues set ready = ready + iif(new.claimed_by is null, 1, -1) where name = new.queue;
        end
        """,
    ]

    /// Runs the migrations in a session, for tests and for stores without a version table.
    package static func schema(_ session: any SQLSession) throws(StoreError) {
        for statement in migrations { try session.execute(statement) }
    }
}
