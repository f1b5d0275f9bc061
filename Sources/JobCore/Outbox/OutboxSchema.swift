/// The SQL that puts `jobs.enqueue` and `jobs.outbox` into a producer's PostgreSQL database. Every statement can be run again.
///
/// The function runs with its owner's rights, so that a caller needs `EXECUTE` alone, and with an empty search path, so
/// that nobody's table or operator stands in for one it means.
package struct OutboxSchema: Sendable {
    /// `jobs`, after the prefix.
    package let schema: String

    package init(prefix: String) {
        schema = prefix + "jobs"
    }

    private var quoted: String { "\"\(schema)\"" }
    private static let signature = "(text, jsonb, jsonb)"

    /// - Parameters:
    ///   - callers: roles that may enqueue.
    ///   - relay: the role that the loops connect as, where it does not own the table.
    package func statements(callers: [String] = [], relay: String? = nil) -> [String] {
        let grants = callers.flatMap { role in
            [
                "grant usage on schema \(quoted) to \(Self.identifier(role))",
                "grant execute on function \(quoted).enqueue\(Self.signature) to \(Self.identifier(role))",
            ]
        }
        let relayGrants = relay.map { role in
            [
                "grant usage on schema \(quoted) to \(Self.identifier(role))",
                "grant select, update, delete on \(quoted).outbox to \(Self.identifier(role))",
            ]
        }
        return [
            "create schema if not exists \(quoted)", table, enqueue,
            "revoke all on function \(quoted).enqueue\(Self.signature) from public",
        ] + grants + (relayGrants ?? [])
    }

    /// For `psql` and for migration tools.
    package func script(callers: [String] = [], relay: String? = nil) -> String {
        let parts = ["begin"] + statements(callers: callers, relay: relay) + ["commit"]
        return parts.map { "\($0);\n" }.joined()
    }

    static func identifier(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }

    /// Rows live for a moment: room in each page for the claim's new version, and a vacuum that does not wait for a tenth
    /// of the table to die.
    private var table: String {
        """
        create table if not exists \(quoted).outbox (
            seq bigint generated always as identity primary key, id uuid not null, name text not null,
            payload text not null, options jsonb not null, at_ms bigint not null, claimed_by text, claimed_until bigint
        ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
        """
    }

    private static let numbers = [
        "delay_ms", "debounce_ms", "debounce_max_ms", "throttle_ms", "unique_ms", "expires_at_ms", "version",
    ]
    private static let texts = [
        "id", "lane", "traceparent", "debounce_key", "throttle_key", "unique_key", "unique_mode",
    ]
    private static let flags = ["debounce_leading"]

    private static func list(_ names: [String]) -> String {
        "array[\(names.map { "'\($0)'" }.joined(separator: ", "))]"
    }

    private var enqueue: String {
        let known = EnqueueFields.names.sorted().joined(separator: ", ")
        let modes = UniqueMode.allCases.map(\.rawValue)
        let lanes = Lane.allCases.map(\.rawValue)
        return """
            create or replace function \(quoted).enqueue(name text, payload jsonb, options jsonb default '{}')
                returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $jobs$
            #variable_conflict use_variable
            declare
                given jsonb := coalesce(options, '{}');
                body text := payload::text;
                option text;
                value jsonb;
                kind text;
                least bigint;
                most bigint;
                born timestamptz := clock_timestamp();
                born_ms bigint := floor(extract(epoch from born) * 1000);
                part int := mod(extract(microseconds from born)::int, 1000) * 4096 / 1000;
                job uuid;
            begin
                if name is null or name !~ '^[a-z0-9_]+([.][a-z0-9_]+){1,5}$' or octet_length(name) > 100
                    or name ~ '[.](\(lanes.joined(separator: "|")))$' then
                    raise exception 'jobs.enqueue: % is not a job name', quote_nullable(name) using errcode = '22023',
                        hint = 'two to six parts of [a-z0-9_] joined by dots, such as notification.email';
                end if;
                if body is null then
                    raise exception 'jobs.enqueue: the payload of % is null', name using errcode = '22004',
                        hint = 'a job without data has the payload {}';
                end if;
                if octet_length(body) > \(PayloadLimits.maximumBytes) then
                    raise exception 'jobs.enqueue: the payload of % has % bytes, at most \(PayloadLimits.maximumBytes) are allowed',
                        name, octet_length(body) using errcode = '54000', hint = 'enqueue a reference to the data';
                end if;
                if jsonb_typeof(given) <> 'object' then
                    raise exception 'jobs.enqueue: the options of % are no object', name using errcode = '22023';
                end if;
                given := jsonb_strip_nulls(given);
                for option, value in select * from jsonb_each(given) loop
                    kind := jsonb_typeof(value);
                    if option = any (\(Self.list(Self.numbers))) then
                        if kind <> 'number' or value::text !~ '^[0-9]{1,15}$' then
                            raise exception 'jobs.enqueue: option % must be a whole number, 0 or more', option
                                using errcode = '22023';
                        end if;
                        most := case option when 'expires_at_ms' then \(Timestamp.latest.milliseconds)
                            when 'version' then 1000000 else \(EnqueueFields.longest) end;
                        least := case when option in ('delay_ms', 'expires_at_ms') then 0 else 1 end;
                        if value::text::bigint not between least and most then
                            raise exception 'jobs.enqueue: option % must be % to %', option, least, most
                                using errcode = '22023';
                        end if;
                    elsif option = any (\(Self.list(Self.texts))) then
                        if kind <> 'string' or octet_length(given->>option) not between 1 and \(Admission.maximumKeyBytes)
                            or given->>option ~ '[[:cntrl:]]' then
                            raise exception
                                'jobs.enqueue: option % must be a text of 1 to \(Admission.maximumKeyBytes) bytes without control characters',
                                option using errcode = '22023';
                        end if;
                    elsif option = any (\(Self.list(Self.flags))) then
                        if kind <> 'boolean' then
                            raise exception 'jobs.enqueue: option % must be true or false', option using errcode = '22023';
                        end if;
                    else
                        raise exception 'jobs.enqueue: unknown option %', option using errcode = '22023',
                            hint = 'known are \(known)';
                    end if;
                end loop;
                if given ? 'id' and given->>'id' !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then
                    raise exception 'jobs.enqueue: option id must be a UUID' using errcode = '22023';
                end if;
                if given->>'lane' <> all (\(Self.list(lanes))) then
                    raise exception 'jobs.enqueue: option lane must be one of \(lanes.joined(separator: ", "))'
                        using errcode = '22023';
                end if;
                if given->>'unique_mode' <> all (\(Self.list(modes))) then
                    raise exception 'jobs.enqueue: option unique_mode must be one of \(modes.joined(separator: ", "))'
                        using errcode = '22023';
                end if;
                if (given ? 'debounce_key') <> (given ? 'debounce_ms') or (given ? 'throttle_key') <> (given ? 'throttle_ms')
                    or (given ?| array['debounce_max_ms', 'debounce_leading'] and not given ? 'debounce_key')
                    or (given ?| array['unique_mode', 'unique_ms'] and not given ? 'unique_key') then
                    raise exception 'jobs.enqueue: an option of % lacks its partner', name using errcode = '22023',
                        hint = 'debounce_key goes with debounce_ms, throttle_key with throttle_ms, unique_mode with unique_key';
                end if;
                if (given ? 'debounce_key')::int + (given ? 'throttle_key')::int + (given ? 'unique_key')::int > 1 then
                    raise exception 'jobs.enqueue: % is either debounced, throttled or unique', name
                        using errcode = '22023';
                end if;
                if (given->>'debounce_max_ms')::bigint < (given->>'debounce_ms')::bigint then
                    raise exception 'jobs.enqueue: debounce_max_ms is shorter than debounce_ms' using errcode = '22023';
                end if;
                job := coalesce((given->>'id')::uuid, encode(overlay(overlay(uuid_send(gen_random_uuid())
                    placing substring(int8send(born_ms) from 3) from 1 for 6)
                    placing int2send((28672 + part)::int2) from 7 for 2), 'hex')::uuid);
                insert into \(quoted).outbox (id, name, payload, options, at_ms)
                values (job, name, body, given - 'id', born_ms);
                return job;
            end
            $jobs$
            """
    }
}
