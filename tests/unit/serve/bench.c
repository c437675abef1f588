#include "bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner.h"

static const struct exchange_headers no_headers = {NULL, 0};

static bool is_target(const struct exchange *exchange, const char *target)
{
    return slice_equal(exchange_request(exchange)->target, slice_text(target));
}

static void judge(void *context, struct exchange *exchange)
{
    struct bench *bench = context;
    uint8_t *state = exchange_state(exchange);
    for (size_t i = 0; i < bench->service.state_size; i++) {
        if (state[i] != 0) abort();
    }
    memset(state, 0xa5, bench->service.state_size);
    if (is_target(exchange, "/refuse")) {
        exchange_answer(exchange, 401, no_headers, slice_text("no"));
    } else if (is_target(exchange, "/large")) {
        exchange_expect(exchange, SERVE_BODY_SIZE_MAX, EXCHANGE_LARGE);
    } else if (is_target(exchange, "/probe")) {
        exchange_expect(exchange, 0, EXCHANGE_PROBE);
    } else if (is_target(exchange, "/echo") || is_target(exchange, "/park")) {
        exchange_expect(exchange, SERVE_BODY_SIZE_MAX, EXCHANGE_SMALL);
    }
}

static void answer_size(struct exchange *exchange)
{
    const slice digits = slice_part(exchange_request(exchange)->target, 6, 20);
    static uint8_t text[BENCH_RECEIVED_SIZE];
    uint64_t size = 0;
    if (!status_is_ok(slice_parse_u64(digits, sizeof text, &size))) abort();
    memset(text, 's', sizeof text);
    exchange_answer(exchange, 200, no_headers, slice_of(text, (size_t)size));
}

static void handle(void *context, struct exchange *exchange)
{
    struct bench *bench = context;
    static const struct http_header broken = {SLICE_LITERAL("X"), SLICE_LITERAL("a\r\nb")};
    static const struct http_header good = {SLICE_LITERAL("X-Good"), SLICE_LITERAL("yes")};
    bench->handled_count++;
    if (is_target(exchange, "/park") || is_target(exchange, "/keep")) {
        if (bench->parked_count == BENCH_PARKED_COUNT_MAX) abort();
        bench->parked[bench->parked_count++] = exchange;
        exchange_park(exchange);
    } else if (slice_has_start(exchange_request(exchange)->target, slice_text("/size?"))) {
        answer_size(exchange);
    } else if (is_target(exchange, "/broken")) {
        exchange_answer(exchange, 200, (struct exchange_headers){&broken, 1}, slice_text("x"));
    } else if (is_target(exchange, "/close")) {
        exchange_close(exchange);
        exchange_answer(exchange, 200, no_headers, slice_text("bye"));
    } else if (is_target(exchange, "/ok") || is_target(exchange, "/probe")) {
        exchange_answer(exchange, 200, (struct exchange_headers){&good, 1}, slice_text("ok"));
    } else if (is_target(exchange, "/echo") || is_target(exchange, "/large")) {
        slice copy = {0};
        if (!status_is_ok(
                arena_copy(exchange_memory(exchange), exchange_request(exchange)->body, &copy))) {
            abort();
        }
        exchange_answer(exchange, 200, no_headers, copy);
    } else {
        exchange_answer(exchange, 404, no_headers, slice_text("none"));
    }
}

static void problem(void *context, struct exchange *exchange, unsigned code, status failure)
{
    struct builder text;
    (void)context;
    builder_init_arena(&text, exchange_memory(exchange), 256);
    builder_put_decimal(&text, code);
    builder_put_text(&text, " ");
    builder_put_text(&text, status_message(failure));
    exchange_answer(exchange, code, no_headers, builder_view(&text));
}

static void ended(void *context, struct exchange *exchange, enum exchange_end end)
{
    static const char *const names[] = {"ANSWERED", "GONE", "SLOW", "STOPPED"};
    struct bench *bench = context;
    const slice target = exchange_request(exchange)->target;
    const size_t used = strlen(bench->notes);
    snprintf(bench->notes + used, sizeof bench->notes - used, "%s %u %.*s\n", names[end],
             exchange_code(exchange), (int)target.size, (const char *)target.bytes);
}

static int64_t read_now(void *context)
{
    return ((struct bench *)context)->now_ms;
}

void bench_init(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    bench->limits = serve_limits_default();
    bench->deadlines = serve_deadlines_default();
    bench->now_ms = 1000000;
}

struct serve_service bench_service(struct bench *bench)
{
    return (struct serve_service){.context = bench,
                                  .state_size = BENCH_STATE_SIZE,
                                  .judge = judge,
                                  .handle = handle,
                                  .problem = problem,
                                  .ended = ended};
}

void bench_open(struct bench *bench)
{
    bench->service = bench_service(bench);
    bench->group =
        (struct shard_group){.shards = &bench->shard, .count = 1, .peers = &bench->peers};
    const struct shard_settings settings = {
        .group = &bench->group,
        .service = &bench->service,
        .limits = bench->limits,
        .deadlines = bench->deadlines,
        .clock = {.monotonic_ms = read_now, .wall_ms = read_now, .context = bench}};
    expect_ok("memory",
              arena_open(&bench->memory, serve_peers_memory_size(bench->limits.connection_count)));
    expect_ok("peers",
              serve_peers_init(&bench->peers, &bench->memory, bench->limits.connection_count,
                               bench->limits.peer_connection_count));
    expect_ok("shard", shard_open(&bench->shard, &settings));
}

void bench_close(struct bench *bench)
{
    shard_close(&bench->shard);
    serve_peers_close(&bench->peers);
    arena_close(&bench->memory);
}

int bench_connect(struct bench *bench)
{
    int pair[2];
    const struct serve_peer peer = {.is_local = true};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) abort();
    shard_adopt(&bench->shard, pair[0], &peer);
    bench_turn(bench);
    return pair[1];
}

int bench_connect_tcp(struct bench *bench)
{
    const struct serve_peer peer = {.is_local = true};
    struct sockaddr_in address = {.sin_family = AF_INET};
    union {
        struct sockaddr_in *in;
        struct sockaddr *any;
    } at = {&address};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listening, at.any, size) != 0 || listen(listening, 1) != 0 ||
        getsockname(listening, at.any, &size) != 0 || connect(client, at.any, size) != 0) {
        abort();
    }
    shard_adopt(&bench->shard, accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), &peer);
    close(listening);
    bench_turn(bench);
    return client;
}

void bench_turn(struct bench *bench)
{
    for (int i = 0; i < 12; i++) loop_turn(&bench->shard.loop, 0);
}

void bench_wait(struct bench *bench, int64_t duration_ms)
{
    bench->now_ms += duration_ms;
    bench_turn(bench);
}

size_t bench_send(struct bench *bench, int client, slice bytes)
{
    const ssize_t sent = send(client, bytes.bytes, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    bench_turn(bench);
    return sent > 0 ? (size_t)sent : 0;
}

size_t bench_send_text(struct bench *bench, int client, const char *text)
{
    return bench_send(bench, client, slice_text(text));
}

const char *bench_receive(struct bench *bench, int client)
{
    size_t used = 0;
    bench_turn(bench);
    for (;;) {
        const ssize_t got =
            recv(client, bench->received + used, sizeof bench->received - 1 - used, MSG_DONTWAIT);
        if (got <= 0) break;
        used += (size_t)got;
        bench_turn(bench);
    }
    bench->received[used] = 0;
    return bench->received;
}

bool bench_is_ended(struct bench *bench, int client)
{
    char byte;
    bench_turn(bench);
    return recv(client, &byte, 1, MSG_DONTWAIT) == 0;
}

const char *bench_ask(struct bench *bench, const char *text)
{
    const int client = bench_connect(bench);
    bench_send_text(bench, client, text);
    const char *received = bench_receive(bench, client);
    close(client);
    bench_turn(bench);
    return received;
}

void bench_answer(struct bench *bench, unsigned code, slice body)
{
    struct exchange *first = bench->parked[0];
    if (bench->parked_count == 0) abort();
    bench->parked_count--;
    memmove(bench->parked, bench->parked + 1, bench->parked_count * sizeof *bench->parked);
    exchange_answer(first, code, no_headers, body);
    bench_turn(bench);
}

uint64_t bench_counter(struct bench *bench, enum counters_kind kind)
{
    struct serve_totals totals = {0};
    counters_sum(&bench->shard.home.counters, &totals);
    return totals.values[kind];
}

size_t bench_count(const char *text, unsigned code)
{
    char start[32];
    size_t count = 0;
    snprintf(start, sizeof start, "HTTP/1.1 %u ", code);
    for (const char *at = text; (at = strstr(at, start)); at++) count++;
    return count;
}
