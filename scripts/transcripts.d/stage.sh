# shellcheck shell=bash
# What a scene is written with. Sourced by scripts/transcripts; a scene (NAME.scene) is sourced after it, with `set -e`.
#
#   tell TEXT            a paragraph of the chapter
#   show COMMAND         run as typed, with its output; at most ten a scene. Ends the scene unless it exits 0, or N after -N
#   start NAME COMMAND…  a daemon, its log in NAME.log; `end NAME SIGNAL` ends it and waits for that
#   keep NAME COMMAND…   a daemon that is started again whenever it ends, as systemd does
#   until_true SECONDS COMMAND…   waits for a condition, unseen
#   value VERB EXPR      of what a verb prints with --json, an expression in Python of `x`
#   holds VERB EXPR      whether such an expression is true; `served Q`, `empty Q`, `fires ALERT`, `over ALERT`, `quiet` are those
#   mails N              so many lines for `enqueue --ndjson`

# Sets folder, chapter and the counters of one scene.
stage_begin() {
    folder=$1
    chapter=$folder/chapter.md
    nodes=$folder/nodes
    typed=0
    declare -gA daemons=()
    : >"$chapter"
}

# Nodes, schema and topology of its own; nobody serves anything yet.
stage_platform() {
    forget_platform
    "$root/scripts/nodes" start "$nodes"
    eval "$("$root/scripts/nodes" env "$nodes" | grep '^export JOBS_[BDM]')"
    cp -R "$root/jobs" "$folder/jobs"
    # So that a scene that is mended is quiet soon.
    sed -i 's/resolve_after: 30s/resolve_after: 5s/' "$folder/jobs/alerts.yaml"
    export JOBS_DIR=$folder/jobs JOBS_MAIL_CAPTURE_DIR=$folder/mail JOBS_BUILD=2026.11.27-1
    mkdir -p "$folder/bin"
    ln -sfn "$root/.build/debug/jobctl" "$folder/bin/jobctl"
    local tool
    for tool in rabbitmqctl rabbitmq-diagnostics; do
        printf '#!/bin/sh\nexec %q tool %q %s "$@"\n' "$root/scripts/nodes" "$nodes" "$tool" >"$folder/bin/$tool"
        chmod +x "$folder/bin/$tool"
    done
    PATH=$folder/bin:$PATH
    jobctl migrate apply --yes
    jobctl topology apply --yes
    cd "$folder"
}

# Ends whatever the scene has left running.
stage_end() {
    local status=$? name
    set +e
    for name in "${!daemons[@]}"; do kill -KILL -- "-${daemons[$name]}" 2>/dev/null; done
    wait 2>/dev/null
    "$root/scripts/nodes" stop "$nodes"
    exit "$status"
}

end_of_scene() {
    ((typed <= 10)) || { echo "the scene types $typed commands, more than ten"; return 1; }
}

tell() { printf '%s\n\n' "$*" >>"$chapter"; }

# Without the line that says which platform it is, this machine's name and paths; columns stay where they are.
presentable() {
    perl -pe '
        BEGIN { $host = shift; $folder = shift }
        $_ = "" if /^cluster amqp:/ || (!$said && /^$/);
        $said ||= length;
        s/(?<![\w.-])\Q$host\E(?![\w.-])( *)/my $room = length($host . $1); "app1" . " " x ($room > 4 ? $room - 4 : length($1) ? 1 : 0)/ge;
        s/\Q$folder\E\///g;
        s/ +$//;
    ' "$(uname -n)" "$folder"
}

show() {
    local expected=0 status=0 answer
    if [[ $1 =~ ^-([0-9]+)$ ]]; then
        expected=${BASH_REMATCH[1]}
        shift
    fi
    typed=$((typed + 1))
    answer=$(bash -o pipefail -c "$1" 2>&1 </dev/null) || status=$?
    {
        printf '```\n$ %s\n' "$1"
        if [[ -n $answer ]]; then printf '%s\n' "$answer" | presentable; fi
        if ((status != 0)); then printf '(exit %d)\n' "$status"; fi
        printf '```\n\n'
    } >>"$chapter"
    printf '%s\n$ %s\n%s\n(exit %d)\n' "$(date -u +%T)" "$1" "$answer" "$status"
    ((status == expected)) || { echo "expected exit $expected"; return 1; }
}

start() {
    local name=$1
    shift
    # A group of its own, so that one signal reaches whatever it has started.
    setsid "$@" >>"$folder/$name.log" 2>&1 </dev/null &
    daemons[$name]=$!
}

keep() {
    local name=$1
    shift
    # shellcheck disable=SC2016
    start "$name" bash -c 'while :; do "$@"; sleep 0.2; done' keep "$@"
}

end() {
    local pid=${daemons[$1]}
    unset "daemons[$1]"
    kill "-$2" -- "-$pid"
    wait "$pid" 2>/dev/null || true
}

until_true() {
    local seconds=$1
    shift
    wait_until "$seconds" "$@" || { echo "not within $seconds s: $*"; return 1; }
}

# Starts a daemon that the reader sees being typed.
show_daemon() {
    typed=$((typed + 1))
    # shellcheck disable=SC2016
    printf '```\n$ %s\n```\n\n' "$2" >>"$chapter"
    local -a words
    read -ra words <<<"${2% &}"
    start "$1" "${words[@]}"
}

mails() {
    awk -v count="$1" 'BEGIN {
        for (i = 1; i <= count; i++)
            printf "{\"payload\":{\"to\":\"person-%d@example.com\",\"template\":\"welcome\",\"locale\":\"pt-BR\",\"variables\":{\"name\":\"Ana\",\"start_url\":\"https://checkin.example/app\"}}}\n", i
    }'
}

# Whether a condition, in Python, holds for what a verb prints with --json: `x`.
holds() {
    # shellcheck disable=SC2086
    jobctl $1 --json | python3 -c "import json, sys; x = json.load(sys.stdin); sys.exit(not ($2))"
}

value() {
    # shellcheck disable=SC2086
    jobctl $1 --json | python3 -c "import json, sys; x = json.load(sys.stdin); print($2)"
}

served() { holds queues "any(lane['queue'] == '$1' and lane['workers'] for lane in x)"; }
empty() { holds queues "not any(lane['ready'] + lane['running'] + lane['waiting'] for lane in x if lane['queue'] == '$1')"; }
fires() { holds "alert list --firing" "any(alert['name'] == '$1' for alert in x)"; }
over() { ! fires "$1"; }
quiet() { holds "alert list --firing" "not x"; }
