# shellcheck shell=bash
# The private RabbitMQ node of `scripts/nodes`: sourced by it, works on $dir, the ports and the secrets it loaded.
# shellcheck disable=SC2154

rabbitmq_bin=/usr/lib/rabbitmq/bin
# Of a node alone; the file with the ports has others in a cluster.
node_name="jobs"
cluster_names=()

require_broker() {
    [[ -x $rabbitmq_bin/rabbitmq-server ]] || fail "RabbitMQ is not installed; run: scripts/deps cluster"
}

broker_pid() { spawned_pid "$dir/broker.pid" "$dir"; }
epmd_pid() { spawned_pid "$dir/epmd.pid" "$dir"; }

# /usr/sbin/rabbitmq-server refuses everyone but root and rabbitmq; the script behind it takes all its paths from here.
# RUNNING_UNDER_SYSTEMD makes that script become the Erlang machine instead of waiting for it as its parent. Its pid file
# is not ours: the node writes it anew while it boots, and whoever read ours just then would find nobody alive.
broker_environment() {
    broker_variables=(
        HOME="$dir/broker/home"
        RUNNING_UNDER_SYSTEMD=true
        RABBITMQ_NODENAME="${node_name:-jobs}@localhost"
        RABBITMQ_DIST_PORT="$dist_port"
        RABBITMQ_MNESIA_BASE="$dir/broker/mnesia"
        RABBITMQ_LOG_BASE="$dir/broker/log"
        RABBITMQ_CONFIG_FILE="$dir/broker/rabbitmq.conf"
        RABBITMQ_ADVANCED_CONFIG_FILE="$dir/broker/advanced.config"
        RABBITMQ_GENERATED_CONFIG_DIR="$dir/broker/generated"
        RABBITMQ_SCHEMA_DIR="$dir/broker/schema"
        RABBITMQ_ENABLED_PLUGINS_FILE="$dir/broker/enabled_plugins"
        RABBITMQ_PID_FILE="$dir/broker/rabbitmq.pid"
        RABBITMQ_CONF_ENV_FILE=/dev/null
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
        ERL_EPMD_ADDRESS=127.0.0.1
        ERL_EPMD_PORT="$epmd_port"
    )
}

# The user `jobs` and the virtual host `jobs` are made by the node itself at its first boot.
write_broker_configuration() {
    mkdir -p "$dir"/broker/{home,mnesia,log,generated,schema}
    (
        umask 077
        cat >"$dir/broker/rabbitmq.conf" <<TEXT
listeners.tcp.local = 127.0.0.1:$amqp_port
listeners.ssl.local = 127.0.0.1:$amqps_port
ssl_options.cacertfile = $dir/certificates/authority.pem
ssl_options.certfile = $dir/certificates/server.pem
ssl_options.keyfile = $dir/certificates/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = AMQPLAIN
auth_mechanisms.3 = EXTERNAL
ssl_cert_login_from = common_name
management.tcp.ip = 127.0.0.1
management.tcp.port = $management_port
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $prometheus_port
default_user = jobs
default_pass = $broker_password
default_vhost = jobs
default_user_tags.administrator = true
raft.wal_max_size_bytes = 67108864
disk_free_limit.absolute = 200MB
log.console = false
log.file.level = info
TEXT
        write_peers >>"$dir/broker/rabbitmq.conf"
        printf '%s' "$broker_cookie" >"$dir/broker/home/cookie.new"
        chmod 400 "$dir/broker/home/cookie.new"
        mv -f "$dir/broker/home/cookie.new" "$dir/broker/home/.erlang.cookie"
    )
    echo '[rabbitmq_management,rabbitmq_prometheus,rabbitmq_auth_mechanism_ssl].' >"$dir/broker/enabled_plugins"
    rm -f "$dir/broker/advanced.config"
}

# Of a cluster (scripts/broker-cluster): the names that form it at their first boot.
write_peers() {
    local index
    if ((${#cluster_names[@]} == 0)); then return 0; fi
    echo "cluster_formation.peer_discovery_backend = classic_config"
    for index in "${!cluster_names[@]}"; do
        echo "cluster_formation.classic_config.nodes.$((index + 1)) = ${cluster_names[index]}@localhost"
    done
}

# An epmd of our own, on 127.0.0.1: Erlang would start one itself, as a daemon that outlives the node.
spawn_epmd() {
    if epmd_pid >/dev/null || port_open "$epmd_port"; then return 0; fi
    spawn "$dir/epmd.pid" "$dir/broker/log/epmd.log" "$dir" epmd -address 127.0.0.1 -port "$epmd_port"
    wait_until 10 port_open "$epmd_port" || fail "epmd does not answer on port $epmd_port: $dir/broker/log/epmd.log"
}

spawn_broker() {
    if broker_pid >/dev/null; then return 0; fi
    # The threads of one that was killed may hold its ports for a moment longer than its process lives.
    local port
    for port in "$amqp_port" "$amqps_port" "$management_port" "$prometheus_port" "$dist_port"; do
        wait_until 10 port_free "$port" || fail "port $port of the broker is taken by another process"
    done
    write_certificates
    write_broker_configuration
    spawn_epmd
    broker_environment
    spawn "$dir/broker.pid" "$dir/broker/log/stdout.log" "$dir" \
        env "${broker_variables[@]}" "$rabbitmq_bin/rabbitmq-server"
}

# The AMQP port opens near the end of the boot; the management API then says whether virtual host and listener work.
# A node that dies right after its birth is started again, as an orchestrator would: what a killed one has left behind
# (its name at epmd, half-written files) is gone by then.
broker_answers() {
    if ! broker_pid >/dev/null; then
        ((births += 1))
        ((births < 3)) || fail "the broker ended while starting, three times; last lines of $dir/broker/log:
$(tail -qn 15 "$dir"/broker/log/*.log)"
        tail -qn 15 "$dir"/broker/log/stdout.log >&2
        spawn_broker
    fi
    port_open "$amqp_port" && health_check "port-listener/$amqp_port" && health_check virtual-hosts
}

await_broker() {
    births=0
    wait_until 120 broker_answers || fail "the broker is not ready after 120 s: $dir/broker/log"
}

health_check() (
    exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$management_port" || exit 1
    printf 'GET /api/health/checks/%s HTTP/1.0\r\nAuthorization: Basic %s\r\n\r\n' \
        "$1" "$(printf 'jobs:%s' "$broker_password" | base64 -w0)" >&3
    IFS= read -r -t 10 line <&3
    [[ $line == HTTP/1.?' 200 '* ]]
)

# RabbitMQ holds the names of new quorum queues in memory for a second or so after it has answered their declaration. A
# broker killed in between comes back with the queue but without its log: no leader, for ever. That flaw is not what a
# test wants to try, so the names are written first.
write_queue_names() {
    if broker_pid >/dev/null; then
        broker_ctl --timeout 10 eval '[dets:sync(Table) || Table <- dets:all()].' >/dev/null || true
    fi
}

# TERM is an orderly stop, KILL a crash. Nothing but the broker's own process is signalled.
stop_broker() {
    local pid
    pid=$(broker_pid) || return 0
    kill "-$1" "$pid" 2>/dev/null || true
    if ! wait_until 30 is_gone "$pid"; then
        kill -KILL "$pid" 2>/dev/null || true
        wait_until 10 is_gone "$pid" || fail "the broker, pid $pid, does not end"
    fi
    rm -f "$dir/broker.pid"
}

stop_epmd() {
    local pid
    pid=$(epmd_pid) || return 0
    kill -TERM "$pid" 2>/dev/null || true
    wait_until 5 is_gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
    rm -f "$dir/epmd.pid"
}

broker_tool() {
    broker_environment
    env "${broker_variables[@]}" RABBITMQ_CTL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
        "$rabbitmq_bin/$1" --quiet "${@:2}"
}

broker_ctl() { broker_tool rabbitmqctl "$@"; }

# The queue hands nothing out for it: no order and no count changes. An empty queue is no failure.
broker_peek() {
    local answer status=0
    broker_environment
    answer=$(broker_tool rabbitmq-queues peek "$1" 1 --vhost jobs --formatter json 2>&1) || status=$?
    printf '%s\n' "$answer"
    if [[ $answer == *'does not have a message'* ]]; then return 0; fi
    return "$status"
}
