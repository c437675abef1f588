#include "serve/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "runner.h"

static struct bench bench;

#define KEEP "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"

static endpoint where;

static void listen_tcp(void)
{
    struct listener listener = {0};
    endpoint at;
    expect_ok("endpoint", endpoint_parse(slice_text("tcp:127.0.0.1:0"), &at));
    expect_ok("listen", listener_open(&at, &listener));
    where = listener.bound;
    expect_ok("shard", shard_listen(&bench.shard, &listener));
}

/* A client that has connected, whether it was accepted or not. */
static int dial(void)
{
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)where.port)};
    const union {
        const struct sockaddr_in *in;
        const struct sockaddr *any;
    } at = {&address};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    expect_true("connect", connect(client, at.any, sizeof address) == 0);
    bench_turn(&bench);
    return client;
}

/* A full shard makes room where somebody can be spared; else who comes waits in the backlog. */
static void full(void)
{
    int clients[4];
    bench_init(&bench);
    bench.limits.connection_count = 3;
    bench_open(&bench);
    listen_tcp();
    for (size_t i = 0; i < 3; i++) {
        clients[i] = dial();
        bench_send_text(&bench, clients[i], KEEP);
    }
    expect_u64("full", bench_counter(&bench, COUNTERS_CONNECTIONS), 3);
    clients[3] = dial();
    bench_send_text(&bench, clients[3], OK);
    bench_wait(&bench, 10 * SHARD_PAUSE_MS);
    expect_text("waits", slice_text(bench_receive(&bench, clients[3])), "");
    expect_u64("nobody was sent away", bench_counter(&bench, COUNTERS_ACCEPTED), 3);
    bench_answer(&bench, 200, slice_text("x"));
    bench_wait(&bench, SHARD_PAUSE_MS);
    expect_u64("takes the idle one's place", bench_count(bench_receive(&bench, clients[3]), 200),
               1);
    expect_u64("which was given up", bench_counter(&bench, COUNTERS_EVICTED), 1);
    close(clients[1]);
    for (size_t i = 0; i < 4; i++)
        if (i != 1) close(clients[i]);
    bench_turn(&bench);
    while (bench.parked_count > 0) bench_answer(&bench, 200, slice_text("x"));
    bench_close(&bench);
}

/* Half heads do not keep others out for longer than a moment. */
static void half_heads(void)
{
    int clients[4];
    bench_init(&bench);
    bench.limits.connection_count = 4;
    bench_open(&bench);
    listen_tcp();
    for (size_t i = 0; i < 4; i++) {
        clients[i] = dial();
        bench_send_text(&bench, clients[i], "GET /ok HTTP/1.1\r\nX: ");
    }
    const int probe = dial();
    bench_send_text(&bench, probe, OK);
    expect_text("waits", slice_text(bench_receive(&bench, probe)), "");
    bench_wait(&bench, CONNECTION_HEAD_PATIENCE_MS);
    expect_u64("for a moment", bench_count(bench_receive(&bench, probe), 200), 1);
    for (size_t i = 0; i < 4; i++) close(clients[i]);
    close(probe);
    bench_close(&bench);
}

static void peer_limit(void)
{
    struct serve_peer peer = {.has_address = true, .address = {{0x20, 1, 0xd, 0xb8, 1}}};
    int pairs[3][2];
    bench_init(&bench);
    bench.limits.peer_connection_count = 2;
    bench_open(&bench);
    for (size_t i = 0; i < 3; i++) {
        expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]) == 0);
        shard_adopt(&bench.shard, pairs[i][0], &peer);
    }
    expect_true("two are in", !bench_is_ended(&bench, pairs[1][1]));
    expect_true("the third is not", bench_is_ended(&bench, pairs[2][1]));
    expect_u64("counted", bench_counter(&bench, COUNTERS_REFUSED_PEER), 1);
    close(pairs[0][1]);
    bench_turn(&bench);
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[0]) == 0);
    shard_adopt(&bench.shard, pairs[0][0], &peer);
    expect_true("its place is free again", !bench_is_ended(&bench, pairs[0][1]));
    for (size_t i = 0; i < 3; i++) close(pairs[i][1]);
    bench_close(&bench);
}

/* Takes all descriptors but so many. */
static size_t exhaust(int *taken, size_t count_max, size_t left)
{
    size_t count = 0;
    while (count < count_max && (taken[count] = fcntl(0, F_DUPFD_CLOEXEC, 0)) >= 0) count++;
    for (size_t i = 0; i < left && count > 0; i++) close(taken[--count]);
    return count;
}

/*
 * Without a descriptor the idle are given up first; where nobody can be spared who waits is told so,
 * by its end, and those that are there are served all the same.
 */
static void no_descriptors(void)
{
    static int taken[4096];
    struct rlimit before, small;
    bench_init(&bench);
    bench_open(&bench);
    listen_tcp();
    const int idle = dial(), busy = dial();
    bench_send_text(&bench, idle, OK);
    bench_receive(&bench, idle);
    bench_send_text(&bench, busy, KEEP);
    getrlimit(RLIMIT_NOFILE, &before);
    small = before;
    small.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &small);
    size_t count = exhaust(taken, ARRAY_COUNT(taken), 1);
    const int first = dial();
    bench_send_text(&bench, first, KEEP);
    expect_u64("accepted", bench.parked_count, 2);
    expect_true("the idle one was given up", bench_is_ended(&bench, idle));
    close(idle);
    const int second = dial();
    expect_true("told so", bench_is_ended(&bench, second) || errno == ECONNRESET);
    expect_true("counted", bench_counter(&bench, COUNTERS_REFUSED_DESCRIPTOR) > 0);
    bench_answer(&bench, 200, slice_text("x"));
    expect_u64("others are served", bench_count(bench_receive(&bench, busy), 200), 1);
    while (count > 0) close(taken[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    close(second);
    bench_wait(&bench, SHARD_PAUSE_MS);
    const int third = dial();
    bench_send_text(&bench, third, OK);
    expect_u64("accepts again", bench_count(bench_receive(&bench, third), 200), 1);
    expect_true("with a reserve", bench.shard.reserve >= 0);
    bench_answer(&bench, 200, slice_text("x"));
    close(first);
    close(busy);
    close(third);
    bench_close(&bench);
}

/* Two shards: who accepts hands over to the one with fewer. */
static void handing_over(void)
{
    static struct shard shards[2];
    struct shard_group group = {.shards = shards, .count = 2};
    int clients[10];
    bench_init(&bench);
    bench_open(&bench);
    group.peers = &bench.peers;
    const struct serve_service service = bench_service(&bench);
    for (size_t i = 0; i < 2; i++) {
        const struct shard_settings settings = {.group = &group,
                                                .index = i,
                                                .service = &service,
                                                .limits = bench.limits,
                                                .deadlines = bench.deadlines,
                                                .clock = clock_system()};
        expect_ok("shard", shard_open(&shards[i], &settings));
    }
    for (size_t i = 0; i < 10; i++) {
        const struct serve_peer peer = {.is_local = true};
        int pair[2];
        expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
        shard_adopt(&shards[0], pair[0], &peer);
        clients[i] = pair[1];
    }
    expect_u64("half here", shard_load(&shards[0]), 5);
    expect_u64("half there", shard_load(&shards[1]), 5);
    for (size_t turn = 0; turn < 10; turn++) {
        for (size_t i = 0; i < 10 && turn == 3; i++) {
            expect_true("send", send(clients[i], OK, sizeof OK - 1, 0) > 0);
        }
        loop_turn(&shards[0].loop, 0);
        loop_turn(&shards[1].loop, 0);
    }
    for (size_t i = 0; i < 10; i++) {
        expect_u64("served", bench_count(bench_receive(&bench, clients[i]), 200), 1);
        close(clients[i]);
    }
    shard_close(&shards[0]);
    shard_close(&shards[1]);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"full", full},
        {"half heads", half_heads},
        {"peer limit", peer_limit},
        {"no descriptors", no_descriptors},
        {"handing over", handing_over},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
