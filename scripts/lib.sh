# shellcheck shell=bash disable=SC2034
# What every script here shares. Sourced, never run. Needs nothing that a bare Debian lacks: no ps, curl, ss or python.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# smtp-sink and policy tools live in sbin, which an ordinary user does not have.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

say() { printf '==> %s\n' "$*"; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Runs one named part of a longer run and keeps its time for `print_stages`. Give it a command, or a function
# of one pipeline: `set -e` does not hold inside a function called this way.
stages=()
stage() {
    local name=$1 began=$SECONDS status=0
    shift
    say "$name"
    "$@" || status=$?
    stages+=("$(printf '%5d s  %s%s' "$((SECONDS - began))" "$name" "$( ((status == 0)) || echo "  FAILED ($status)")")")
    return "$status"
}

print_stages() {
    say "time of each part"
    if ((${#stages[@]} > 0)); then printf '%s\n' "${stages[@]}"; fi
    printf '%5d s  in all\n' "$SECONDS"
}

# Demo and tests run on platforms of their own: what the caller's shell says about another one must not reach them.
forget_platform() {
    local name
    for name in "${!JOBS_@}"; do
        if [[ $name != JOBS_PORT_RANGE ]]; then unset "$name"; fi
    done
}

# Prints N free ports of 127.0.0.1, one a line: below the range the kernel uses for outgoing connections, because a
# client that keeps dialling a port of that range while its server is down can end up connected to itself.
# JOBS_PORT_RANGE=LOW-HIGH chooses another range.
free_ports() {
    perl -MIO::Socket::INET -MList::Util=shuffle -e '
        my ($count, $range) = @ARGV;
        my ($low, $high) = $range =~ /^(\d+)-(\d+)$/;
        if (!defined $high) {
            open(my $file, "<", "/proc/sys/net/ipv4/ip_local_port_range");
            my ($first) = split(" ", (defined($file) && <$file>) || "32768");
            ($low, $high) = $first > 12000 ? (10240, $first - 1) : (10240, 65000);
        }
        my @held;
        for my $port (shuffle($low .. $high)) {
            last if @held == $count;
            my $socket = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => "tcp", Listen => 1);
            push(@held, $socket) if $socket;
        }
        die "no $count free ports in $low-$high\n" if @held < $count;
        print $_->sockport, "\n" for @held;
    ' "$1" "${JOBS_PORT_RANGE:-}"
}

random_secret() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

port_free() { ! port_open "$1"; }

# Polls ten times a second; the condition is a command and its arguments.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# A zombie counts as gone: in a container whose process 1 reaps nothing it stays for ever.
is_running() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    stat=${stat##*) }
    [[ $stat != Z* && $stat != X* ]]
}

is_gone() { ! is_running "$1"; }

# Starts a daemon that keeps nothing of ours: no terminal (Ctrl-C is for us alone), no lock, no pipe whose reader would
# wait for ever, no variable of the caller's. Arguments: PIDFILE LOGFILE OWNER [NAME=VALUE…] COMMAND [ARGUMENT…].
# OWNER is put in the environment, so that a recycled process id is never mistaken for ours.
spawn() {
    local pidfile=$1 log=$2 owner=$3
    shift 3
    (
        cd /
        exec </dev/null >>"$log" 2>&1
        for descriptor in "/proc/$BASHPID/fd/"*; do
            descriptor=${descriptor##*/}
            if ((descriptor > 2)); then eval "exec $descriptor>&-"; fi
        done
        exec env -i PATH="$PATH" LANG=C.UTF-8 CHECKIN_NODES_OWNER="$owner" setsid "$@"
    ) &
    echo $! >"$pidfile"
    # Until the environment above is in force the process is not yet known as ours.
    wait_until 10 is_owned_or_gone $! "$owner" || fail "cannot start $*"
}

# Prints the process id in PIDFILE if that process lives and was spawned for OWNER.
spawned_pid() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] && is_running "$pid" && is_owned "$pid" "$2" && echo "$pid"
}

is_owned_or_gone() { is_owned "$1" "$2" || is_gone "$1"; }

# In the middle of an exec the kernel shows an empty environment; a daemon's birth has several: then look again.
is_owned() {
    local tries variables
    for ((tries = 0; tries < 100; tries++)); do
        { variables=$(tr '\0' '\n' <"/proc/$1/environ"); } 2>/dev/null || return 1
        if [[ -n $variables ]]; then
            grep -qxF "CHECKIN_NODES_OWNER=$2" <<<"$variables"
            return
        fi
        is_running "$1" || return 1
        sleep 0.01
    done
    return 1
}
