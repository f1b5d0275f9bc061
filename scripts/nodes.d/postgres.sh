# shellcheck shell=bash
# The private PostgreSQL server of `scripts/nodes`: sourced by it, works on $dir, the ports and the secrets it loaded.
# shellcheck disable=SC2154

# The newest server the distribution has.
postgres_bin=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)
postgres_bin=${postgres_bin%/postgres}

require_postgres() {
    [[ -x $postgres_bin/postgres ]] || fail "PostgreSQL is not installed; run: scripts/deps cluster"
}

# The server refuses to run as root: then it runs as postgres, a user the package made.
as_postgres=()
if ((EUID == 0)); then as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups --); fi

postgres_pid() { spawned_pid "$dir/postgres.pid" "$dir"; }

# $dir/postgres is a folder, or a link to one in /tmp when user postgres cannot reach this checkout (one in /root, say).
make_postgres_folder() {
    if [[ -d $dir/postgres/data ]]; then return 0; fi
    rm -rf "$dir/postgres"
    mkdir "$dir/postgres"
    if ((EUID == 0)) && ! { chown postgres: "$dir/postgres" && "${as_postgres[@]}" test -w "$dir/postgres"; } 2>/dev/null; then
        rmdir "$dir/postgres"
        local elsewhere
        elsewhere=$(mktemp -d /tmp/checkin-postgres.XXXXXX)
        chown postgres: "$elsewhere"
        ln -s "$elsewhere" "$dir/postgres"
    fi
    initialise_postgres "$(realpath "$dir/postgres")"
}

# Built beside its place and moved there when complete, so that an interrupted start leaves nothing half made.
initialise_postgres() (
    cd "$1" || exit 1
    install -m 600 /dev/null password
    printf '%s\n' "$database_password" >password
    if ((EUID == 0)); then chown postgres: password; fi
    "${as_postgres[@]}" "$postgres_bin/initdb" --pgdata=new --username=jobs --pwfile=password --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --no-instructions >initdb.log 2>&1 || fail "initdb: $(tail -n 5 initdb.log)"
    rm password
    # No Unix socket: its path may be 107 bytes long, the path of a checkout longer.
    cat >>new/postgresql.conf <<'TEXT'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
TEXT
    echo 'create database jobs;' | "${as_postgres[@]}" "$postgres_bin/postgres" --single -D new postgres >>initdb.log 2>&1 ||
        fail "create database: $(tail -n 5 initdb.log)"
    mv new data
)

spawn_postgres() {
    if postgres_pid >/dev/null; then return 0; fi
    if port_open "$postgres_port"; then fail "port $postgres_port of PostgreSQL is taken by another process"; fi
    make_postgres_folder
    local folder
    folder=$(realpath "$dir/postgres")
    # What a killed server leaves: its children must be gone before the lock file may go. The server would refuse to
    # start itself while a process of the recorded number exists, also a zombie or a stranger.
    if [[ -f $folder/data/postmaster.pid ]]; then
        wait_until 30 postgres_memory_released || fail "processes of a killed PostgreSQL are still alive: $folder"
        rm -f "$folder/data/postmaster.pid"
    fi
    spawn "$dir/postgres.pid" "$folder/log" "$dir" \
        "${as_postgres[@]}" "$postgres_bin/postgres" -D "$folder/data" -p "$postgres_port"
}

# Every process of a server is attached to the shared memory segment named in its lock file.
postgres_memory_released() {
    local segment
    segment=$(awk 'NR == 7 { print $2 }' "$dir/postgres/data/postmaster.pid" 2>/dev/null) || return 0
    [[ -z $segment ]] || awk -v id="$segment" '$2 == id && $7 > 0 { held = 1 } END { exit held }' /proc/sysvipc/shm
}

postgres_answers() {
    postgres_pid >/dev/null || fail "PostgreSQL ended while starting; last lines of its log:
$(tail -n 15 "$dir/postgres/log")"
    "$postgres_bin/pg_isready" --quiet --host=127.0.0.1 --port="$postgres_port" --dbname=jobs --username=jobs
}

await_postgres() {
    wait_until 60 postgres_answers || fail "PostgreSQL does not accept after 60 s: $dir/postgres/log"
}

kill_postgres() {
    local pid
    pid=$(postgres_pid) || return 0
    local children
    mapfile -t children < <(children_of "$pid")
    kill -KILL "$pid" 2>/dev/null || true
    for pid in "$pid" "${children[@]}"; do
        wait_until 30 is_gone "$pid" || fail "process $pid of the killed PostgreSQL does not end"
    done
    wait_until 30 postgres_memory_released || fail "the killed PostgreSQL does not give back its shared memory"
    rm -f "$dir/postgres.pid"
}

children_of() {
    local stat file
    for file in /proc/[0-9]*/stat; do
        { stat=$(<"$file"); } 2>/dev/null || continue
        read -r _ parent _ <<<"${stat##*) }"
        if [[ $parent == "$1" ]]; then echo "${stat%% *}"; fi
    done
}

# INT lets no session finish but writes a checkpoint; QUIT leaves crash recovery to the next start.
stop_postgres() {
    local pid
    pid=$(postgres_pid) || return 0
    kill "-$1" "$pid" 2>/dev/null || true
    if ! wait_until 30 is_gone "$pid"; then
        kill -QUIT "$pid" 2>/dev/null || true
        wait_until 10 is_gone "$pid" || fail "PostgreSQL, pid $pid, does not end"
    fi
    rm -f "$dir/postgres.pid"
}

remove_postgres() {
    local folder
    folder=$(realpath -m "$dir/postgres")
    # A server that was killed and not started again leaves its small segment behind.
    if [[ -f $folder/data/postmaster.pid ]] && wait_until 10 postgres_memory_released; then
        ipcrm --shmem-id "$(awk 'NR == 7 { print $2 }' "$folder/data/postmaster.pid")" 2>/dev/null || true
    fi
    rm -rf "$folder" "$dir/postgres"
}
