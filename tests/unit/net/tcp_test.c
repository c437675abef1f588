#include "net/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/listener.h"
#include "os/clock.h"
#include "runner.h"

enum { PATIENCE_MS = 10000 };

/*
 * Stands for the system's resolver in this program. What a name says decides what happens to it.
 */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t has_changed;
    bool is_hanging;
    size_t hanging_count;
    atomic_size_t call_count;
} resolver = {.mutex = PTHREAD_MUTEX_INITIALIZER, .has_changed = PTHREAD_COND_INITIALIZER};

struct answer {
    struct addrinfo info;
    struct sockaddr_in address;
};

static struct addrinfo *answers_make(size_t count, uint32_t first_address, const char *port)
{
    struct answer *answers = calloc(count, sizeof *answers);
    for (size_t i = 0; i < count; i++) {
        answers[i].address.sin_family = AF_INET;
        answers[i].address.sin_addr.s_addr = htonl(first_address + (uint32_t)i);
        answers[i].address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
        answers[i].info = (struct addrinfo){
            .ai_family = AF_INET,
            .ai_socktype = SOCK_STREAM,
            .ai_addr = (struct sockaddr *)&answers[i].address,
            .ai_addrlen = sizeof answers[i].address,
            .ai_next = i + 1 < count ? &answers[i + 1].info : NULL,
        };
    }
    return &answers[0].info;
}

static void hang(void)
{
    pthread_mutex_lock(&resolver.mutex);
    resolver.hanging_count++;
    while (resolver.is_hanging) pthread_cond_wait(&resolver.has_changed, &resolver.mutex);
    resolver.hanging_count--;
    pthread_cond_broadcast(&resolver.has_changed);
    pthread_mutex_unlock(&resolver.mutex);
}

static void hanging_set(bool is_hanging)
{
    pthread_mutex_lock(&resolver.mutex);
    resolver.is_hanging = is_hanging;
    pthread_cond_broadcast(&resolver.has_changed);
    pthread_mutex_unlock(&resolver.mutex);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *wanted,
                struct addrinfo **found)
{
    const slice host = slice_text(name);
    (void)wanted;
    atomic_fetch_add(&resolver.call_count, 1);
    if (slice_equal(host, slice_text("hangs"))) hang();
    if (slice_equal(host, slice_text("none"))) return EAI_NONAME;
    if (slice_equal(host, slice_text("broken"))) return EAI_AGAIN;
    if (slice_equal(host, slice_text("failing"))) {
        errno = EMFILE;
        return EAI_SYSTEM;
    }
    /* 127.0.0.2 to .4 are dead, .1 may answer. */
    if (slice_equal(host, slice_text("dead"))) *found = answers_make(3, 0x7f000002, service);
    else if (slice_equal(host, slice_text("late"))) *found = answers_make(2, 0x7f000000, service);
    else if (slice_equal(host, slice_text("many"))) *found = answers_make(50, 0x7f000001, service);
    else *found = answers_make(1, 0x7f000001, service);
    return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
    free(found);
}

static endpoint target_of(const char *host, uint32_t port)
{
    char text[ENDPOINT_TEXT_SIZE_MAX];
    endpoint target = {0};
    snprintf(text, sizeof text, "tcp:%s:%u", host, port);
    expect_ok(text, endpoint_parse(slice_text(text), &target));
    return target;
}

static void dialed(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    const endpoint at = target_of("127.0.0.1", 0);
    /* The last tries a dead address first. */
    static const char *const hosts[] = {"127.0.0.1", "good", "late"};
    expect_ok("listen", listener_open(&at, &listener));
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        SCOPED(stream_close) struct stream client = {0};
        SCOPED(stream_close) struct stream server = {0};
        runner_row(hosts[i]);
        const endpoint target = target_of(hosts[i], listener.bound.port);
        expect_ok("dial", tcp_dial(&target, clock_deadline_ms(PATIENCE_MS), &client));
        expect_ok("accept", listener_accept(&listener, clock_deadline_ms(PATIENCE_MS), &server));
    }
}

static void looked_up_each_time(void)
{
    struct tcp_addresses addresses;
    const endpoint name = target_of("good", 9), number = target_of("10.1.2.3", 9),
                   number6 = target_of("[2001:db8::1]", 9);
    const size_t before = atomic_load(&resolver.call_count);
    expect_ok("once", tcp_look_up(&name, clock_deadline_ms(PATIENCE_MS), &addresses));
    expect_ok("twice", tcp_look_up(&name, clock_deadline_ms(PATIENCE_MS), &addresses));
    expect_u64("asked", atomic_load(&resolver.call_count) - before, 2);
    expect_ok("IPv4", tcp_look_up(&number, 0, &addresses));
    expect_u64("family", addresses.list[0].ss_family, AF_INET);
    expect_ok("IPv6", tcp_look_up(&number6, 0, &addresses));
    expect_u64("family", addresses.list[0].ss_family, AF_INET6);
    expect_u64("one", addresses.count, 1);
    expect_u64("not asked", atomic_load(&resolver.call_count) - before, 2);
}

static void address_cap(void)
{
    struct tcp_addresses addresses;
    const endpoint name = target_of("many", 9);
    expect_ok("look up", tcp_look_up(&name, clock_deadline_ms(PATIENCE_MS), &addresses));
    expect_u64("the first few", addresses.count, TCP_ADDRESS_COUNT_MAX);
}

static void refusals(void)
{
    static const struct {
        const char *host, *refusal;
        enum failure_kind kind;
        int64_t detail;
    } rows[] = {
        {"none", "tcp: host has no address", FAILURE_NOT_FOUND, 0},
        {"broken", "tcp: host cannot be looked up", FAILURE_UNAVAILABLE, 0},
        {"failing", "tcp: host cannot be looked up", FAILURE_UNAVAILABLE, EMFILE},
        {"dead", "socket: nobody listens there", FAILURE_UNAVAILABLE, ECONNREFUSED},
        {"127.0.0.1", "socket: nobody listens there", FAILURE_UNAVAILABLE, ECONNREFUSED},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct stream stream = {0};
        runner_row(rows[i].host);
        /* Port 1 of the loopback: nobody. */
        const endpoint target = target_of(rows[i].host, 1);
        const status got = tcp_dial(&target, clock_deadline_ms(PATIENCE_MS), &stream);
        expect_refused("dial", got, rows[i].refusal);
        expect_kind("kind", got, rows[i].kind);
        expect_u64("detail", (uint64_t)got.detail, (uint64_t)rows[i].detail);
        expect_true("no stream", !stream_is_open(&stream));
    }
}

static void other_kinds(void)
{
    struct stream stream = {0};
    endpoint target;
    expect_ok("parse", endpoint_parse(slice_text("unix:/nowhere/at/all"), &target));
    expect_refused("unix", tcp_dial(&target, clock_deadline_ms(1000), &stream),
                   "socket: nobody listens there");
}

/* Lookups that hang cost their callers a deadline; at the bound, further ones are refused. */
static void hanging_lookups(void)
{
    struct tcp_addresses addresses;
    const endpoint hangs = target_of("hangs", 9), good = target_of("good", 9);
    hanging_set(true);
    for (size_t i = 0; i < TCP_LOOKUP_COUNT_MAX; i++) {
        runner_row_at("lookup", i);
        const status got = tcp_look_up(&hangs, clock_deadline_ms(5), &addresses);
        expect_refused("late", got, "tcp: lookup took too long");
        expect_u64("detail", (uint64_t)got.detail, ETIMEDOUT);
    }
    runner_row("beyond the bound");
    expect_refused("refused", tcp_look_up(&good, clock_deadline_ms(PATIENCE_MS), &addresses),
                   "tcp: too many lookups are under way");
    const endpoint number = target_of("127.0.0.1", 9);
    expect_ok("numbers still work", tcp_look_up(&number, 0, &addresses));
    runner_row("afterwards");
    hanging_set(false);
    pthread_mutex_lock(&resolver.mutex);
    while (resolver.hanging_count > 0) {
        pthread_cond_wait(&resolver.has_changed, &resolver.mutex);
    }
    pthread_mutex_unlock(&resolver.mutex);
    status got = tcp_look_up(&good, clock_deadline_ms(PATIENCE_MS), &addresses);
    for (int i = 0; i < 100 && !status_is_ok(got); i++) {
        usleep(10000);
        got = tcp_look_up(&good, clock_deadline_ms(PATIENCE_MS), &addresses);
    }
    expect_ok("places are free again", got);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"dialed", dialed},           {"looked up each time", looked_up_each_time},
        {"address cap", address_cap}, {"refusals", refusals},
        {"other kinds", other_kinds}, {"hanging lookups", hanging_lookups},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
