#include "net/tcp.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/builder.h"
#include "net/socket.h"
#include "os/clock.h"

enum {
    LOOKUP_STACK_SIZE = 512 << 10, /* what nsswitch loads is not ours */
    PORT_TEXT_SIZE_MAX = 8,
};

enum lookup_state { LOOKUP_FREE, LOOKUP_RUNNING, LOOKUP_DONE, LOOKUP_ABANDONED };

/*
 * One lookup under way. getaddrinfo(3) cannot be interrupted, so a thread makes the call; whoever
 * runs out of time abandons it, and the thread frees its place once the call has returned.
 */
struct lookup {
    enum lookup_state state;
    char host[ENDPOINT_HOST_SIZE_MAX];
    char port[PORT_TEXT_SIZE_MAX];
    int reason;     /* of getaddrinfo */
    int errno_kept; /* when that is EAI_SYSTEM */
    struct tcp_addresses addresses;
};

/* Process-wide, because threads that hang are: the bound must hold for all callers together. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t has_news;
    bool is_ready;
    struct lookup list[TCP_LOOKUP_COUNT_MAX];
} lookups = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void addresses_copy(const struct addrinfo *found, struct tcp_addresses *addresses)
{
    addresses->count = 0;
    for (; found && addresses->count < TCP_ADDRESS_COUNT_MAX; found = found->ai_next) {
        if (found->ai_addrlen > sizeof(struct sockaddr_storage)) continue;
        memcpy(&addresses->list[addresses->count++], found->ai_addr, found->ai_addrlen);
    }
}

static void *lookup_run(void *context)
{
    struct lookup *lookup = context;
    const struct addrinfo wanted = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    struct tcp_addresses addresses = {0};
    const int reason = getaddrinfo(lookup->host, lookup->port, &wanted, &found);
    const int errno_kept = errno;
    if (reason == 0) {
        addresses_copy(found, &addresses);
        freeaddrinfo(found);
    }
    pthread_mutex_lock(&lookups.mutex);
    lookup->reason = reason;
    lookup->errno_kept = errno_kept;
    lookup->addresses = addresses;
    lookup->state = lookup->state == LOOKUP_ABANDONED ? LOOKUP_FREE : LOOKUP_DONE;
    pthread_cond_broadcast(&lookups.has_news);
    pthread_mutex_unlock(&lookups.mutex);
    return NULL;
}

static status thread_start(struct lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    int reason = pthread_attr_init(&attributes);
    if (reason != 0) FAIL(UNAVAILABLE, reason, "tcp: lookup cannot be started");
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, LOOKUP_STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reason = pthread_create(&thread, &attributes, lookup_run, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (reason != 0) FAIL(UNAVAILABLE, reason, "tcp: lookup cannot be started");
    return status_ok();
}

/* The functions from here to lookup_finish are called with the mutex held. */

static void lookups_prepare(void)
{
    if (lookups.is_ready) return;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&lookups.has_news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    lookups.is_ready = true;
}

static status lookup_start(const endpoint *target, struct lookup **started)
{
    struct lookup *lookup = NULL;
    struct builder port;
    lookups_prepare();
    for (size_t i = 0; i < TCP_LOOKUP_COUNT_MAX && !lookup; i++) {
        if (lookups.list[i].state == LOOKUP_FREE) lookup = &lookups.list[i];
    }
    REQUIRE(lookup, OVER_LIMIT, "tcp: too many lookups are under way");
    *lookup = (struct lookup){.state = LOOKUP_RUNNING};
    memcpy(lookup->host, target->host, sizeof lookup->host);
    builder_init(&port, lookup->port, sizeof lookup->port - 1);
    builder_put_decimal(&port, target->port);
    const status result = thread_start(lookup);
    if (!status_is_ok(result)) {
        lookup->state = LOOKUP_FREE;
        return result;
    }
    *started = lookup;
    return status_ok();
}

static status outcome(const struct lookup *lookup, struct tcp_addresses *addresses)
{
    if (lookup->reason == EAI_NONAME || lookup->reason == EAI_NODATA) {
        FAIL(NOT_FOUND, 0, "tcp: host has no address");
    }
    if (lookup->reason != 0) {
        const int detail = lookup->reason == EAI_SYSTEM ? lookup->errno_kept : 0;
        FAIL(UNAVAILABLE, detail, "tcp: host cannot be looked up");
    }
    REQUIRE(lookup->addresses.count > 0, NOT_FOUND, "tcp: host has no address");
    *addresses = lookup->addresses;
    return status_ok();
}

static status lookup_finish(struct lookup *lookup, int64_t deadline_ms,
                            struct tcp_addresses *addresses)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000000};
    int reason = 0;
    while (lookup->state == LOOKUP_RUNNING && reason == 0) {
        reason = pthread_cond_timedwait(&lookups.has_news, &lookups.mutex, &until);
    }
    if (lookup->state == LOOKUP_RUNNING) {
        lookup->state = LOOKUP_ABANDONED;
        FAIL(UNAVAILABLE, ETIMEDOUT, "tcp: lookup took too long");
    }
    const status result = outcome(lookup, addresses);
    lookup->state = LOOKUP_FREE;
    return result;
}

/* A numeric address needs no lookup. */
static bool numeric_read(const endpoint *target, struct tcp_addresses *addresses)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address = {0};
    if (inet_pton(AF_INET, target->host, &address.ipv4.sin_addr) == 1) {
        address.ipv4.sin_family = AF_INET;
        address.ipv4.sin_port = htons((uint16_t)target->port);
    } else if (inet_pton(AF_INET6, target->host, &address.ipv6.sin6_addr) == 1) {
        address.ipv6.sin6_family = AF_INET6;
        address.ipv6.sin6_port = htons((uint16_t)target->port);
    } else {
        return false;
    }
    addresses->list[0] = address.any;
    addresses->count = 1;
    return true;
}

status tcp_look_up(const endpoint *target, int64_t deadline_ms, struct tcp_addresses *addresses)
{
    struct lookup *lookup = NULL;
    assert(target->kind == ENDPOINT_TCP);
    if (numeric_read(target, addresses)) return status_ok();
    pthread_mutex_lock(&lookups.mutex);
    status result = lookup_start(target, &lookup);
    if (status_is_ok(result)) result = lookup_finish(lookup, deadline_ms, addresses);
    pthread_mutex_unlock(&lookups.mutex);
    return result;
}

static status address_dial(const struct sockaddr_storage *address, int64_t deadline_ms,
                           struct stream *stream)
{
    SCOPED(socket_close) int descriptor = -1;
    const int on = 1;
    const socklen_t size = address->ss_family == AF_INET6 ? (socklen_t)sizeof(struct sockaddr_in6)
                                                          : (socklen_t)sizeof(struct sockaddr_in);
    const struct socket_address to = {(const struct sockaddr *)address, size};
    TRY(socket_open(address->ss_family, &descriptor));
    if (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        FAIL(UNAVAILABLE, errno, "tcp: TCP_NODELAY cannot be set");
    }
    TRY(socket_connect(descriptor, to, deadline_ms));
    TRY(stream_open(descriptor, stream));
    descriptor = -1;
    return status_ok();
}

/* Each address gets an equal share of what is left, so that a dead first one does not eat it all. */
static int64_t share_ms(int64_t deadline_ms, size_t left_count)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (deadline_ms <= now_ms) return deadline_ms;
    return now_ms + (deadline_ms - now_ms) / (int64_t)left_count;
}

status tcp_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream)
{
    struct tcp_addresses addresses;
    status result = {0};
    if (target->kind != ENDPOINT_TCP) return endpoint_dial(target, deadline_ms, stream);
    TRY(tcp_look_up(target, deadline_ms, &addresses));
    for (size_t i = 0; i < addresses.count; i++) {
        const int64_t until_ms = share_ms(deadline_ms, addresses.count - i);
        result = address_dial(&addresses.list[i], until_ms, stream);
        if (status_is_ok(result)) break;
    }
    return result;
}
