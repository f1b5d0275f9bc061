#ifndef CRABBITMQ_SHIM_H
#define CRABBITMQ_SHIM_H

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <dlfcn.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* amqp_login_with_properties is variadic, which Swift cannot call. */
static inline amqp_rpc_reply_t crmq_login_plain(amqp_connection_state_t state, const char *vhost, int frame_max,
                                                int heartbeat, const amqp_table_t *properties, const char *user,
                                                const char *password) {
    return amqp_login_with_properties(state, vhost, AMQP_DEFAULT_MAX_CHANNELS, frame_max, heartbeat, properties,
                                      AMQP_SASL_METHOD_PLAIN, user, password);
}

static inline amqp_rpc_reply_t crmq_login_external(amqp_connection_state_t state, const char *vhost, int frame_max,
                                                   int heartbeat, const amqp_table_t *properties, const char *identity) {
    return amqp_login_with_properties(state, vhost, AMQP_DEFAULT_MAX_CHANNELS, frame_max, heartbeat, properties,
                                      AMQP_SASL_METHOD_EXTERNAL, identity);
}

/* The OpenSSL symbols come from the libssl that librabbitmq itself loaded: no second library, no headers to match.
   Both return 1 on success; anything else means the caller must refuse to connect. */
static inline int crmq_tls_require_1_2(amqp_socket_t *socket) {
    const int set_min_proto_version = 123, tls_1_2 = 0x0303;
    long (*ctrl)(void *, int, long, void *) = (long (*)(void *, int, long, void *))dlsym(RTLD_DEFAULT, "SSL_CTX_ctrl");
    void *context = amqp_ssl_socket_get_context(socket);
    return ctrl && context ? (int)ctrl(context, set_min_proto_version, tls_1_2, NULL) : 0;
}

static inline int crmq_tls_default_paths(amqp_socket_t *socket) {
    int (*set)(void *) = (int (*)(void *))dlsym(RTLD_DEFAULT, "SSL_CTX_set_default_verify_paths");
    void *context = amqp_ssl_socket_get_context(socket);
    return set && context ? set(context) : 0;
}

/* An event loop's three descriptors; the headers of epoll and eventfd are not in Swift's Glibc module. */
static inline int crmq_event_descriptor(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

static inline int crmq_poll_descriptor(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int crmq_poll_set(int poll, int fd, int is_new, int write) {
    struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data = {.fd = fd}};
    return epoll_ctl(poll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

static inline int crmq_poll_remove(int poll, int fd) { return epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL); }

enum { CRMQ_SIGNALLED = 1, CRMQ_READABLE = 2, CRMQ_WRITABLE = 4 };

/* Waits for the event descriptor `signal` and the one other descriptor of the set; empties the former. */
static inline int crmq_poll_wait(int poll, int signal, int timeout_ms) {
    struct epoll_event events[2];
    uint64_t value;
    int result = 0, count = epoll_wait(poll, events, 2, timeout_ms);
    for (int index = 0; index < count; index++) {
        if (events[index].data.fd == signal) {
            result |= read(signal, &value, sizeof value) == sizeof value ? CRMQ_SIGNALLED : 0;
        } else {
            if (events[index].events & ~EPOLLOUT) result |= CRMQ_READABLE;
            if (events[index].events & EPOLLOUT) result |= CRMQ_WRITABLE;
        }
    }
    return result;
}

static inline void crmq_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/* Keep-alive and user timeout are the backstop below the heartbeats. Returns the send buffer the kernel granted. */
static inline int crmq_tune_socket(int fd, int send_buffer, int user_timeout_ms) {
    int on = 1, idle = 10, interval = 5, count = 3, granted = 0;
    socklen_t size = sizeof granted;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &granted, &size) != 0) return 0;
    return granted;
}

/* While held, the kernel sends full packets only; letting go sends the rest at once. */
static inline void crmq_hold_packets(int fd, int hold) { setsockopt(fd, IPPROTO_TCP, TCP_CORK, &hold, sizeof hold); }

/* Bytes that a send is sure to take without waiting: 0 unless the kernel calls the socket writable, which on Linux
   means that at least a third of the buffer is free. */
static inline int crmq_send_room(int fd, int send_buffer) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    int unsent = 0;
    if (poll(&entry, 1, 0) != 1 || !(entry.revents & POLLOUT)) return 0;
    if (ioctl(fd, SIOCOUTQ, &unsent) != 0) return 0;
    int free = send_buffer / 2 - unsent, third = send_buffer / 3;
    return free < 0 ? 0 : free < third ? free : third;
}

/* 0 = a frame was read, 1 = nothing more to read now, negative = an AMQP_STATUS_ error. Never waits. */
static inline int crmq_next_frame(amqp_connection_state_t state, amqp_frame_t *frame) {
    struct timeval none = {0, 0};
    int status = amqp_simple_wait_frame_noblock(state, frame, &none);
    return status == AMQP_STATUS_TIMEOUT ? 1 : status;
}

static inline int crmq_send_heartbeat(amqp_connection_state_t state) {
    amqp_frame_t frame = {.frame_type = AMQP_FRAME_HEARTBEAT, .channel = 0};
    return amqp_send_frame(state, &frame);
}

static inline int crmq_send_header(amqp_connection_state_t state, amqp_channel_t channel, uint64_t body_size,
                                   amqp_basic_properties_t *properties) {
    amqp_frame_t frame = {.frame_type = AMQP_FRAME_HEADER, .channel = channel};
    frame.payload.properties.class_id = AMQP_BASIC_CLASS;
    frame.payload.properties.body_size = body_size;
    frame.payload.properties.decoded = properties;
    return amqp_send_frame(state, &frame);
}

static inline int crmq_send_body(amqp_connection_state_t state, amqp_channel_t channel, const void *bytes, size_t count) {
    amqp_frame_t frame = {.frame_type = AMQP_FRAME_BODY, .channel = channel};
    frame.payload.body_fragment.len = count;
    frame.payload.body_fragment.bytes = (void *)bytes;
    return amqp_send_frame(state, &frame);
}

#endif
