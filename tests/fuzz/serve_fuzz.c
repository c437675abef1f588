/*
 * serve: whatever a client sends, in whatever pieces, each exchange ends once, its answers are whole,
 * and nothing of it is held when it has left; the first byte of the input is the size of the pieces.
 */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/reader.h"
#include "serve/shard.h"

enum { INPUT_SIZE_MAX = 64 * 1024, TURN_COUNT = 4, STATE_SIZE = 64 };

static struct {
    struct shard shard;
    struct shard_group group;
    struct serve_peers peers;
    struct arena memory;
    struct exchange *parked;
    size_t begun_count, ended_count;
} fuzz;

static const struct exchange_headers no_headers = {NULL, 0};

static bool is_begun(struct exchange *exchange)
{
    uint8_t *state = exchange_state(exchange);
    const bool is = state[0] != 0;
    state[0] = 1;
    return is;
}

static void judge(void *context, struct exchange *exchange)
{
    const slice target = exchange_request(exchange)->target;
    (void)context;
    assert(!is_begun(exchange));
    fuzz.begun_count++;
    if (slice_equal(target, slice_text("/no"))) {
        exchange_answer(exchange, 401, no_headers, slice_text("no"));
    } else if (!slice_equal(target, slice_text("/"))) {
        exchange_expect(exchange, 3000, target.size % 2 ? EXCHANGE_SMALL : EXCHANGE_LARGE);
    }
}

static void handle(void *context, struct exchange *exchange)
{
    const struct http_request *request = exchange_request(exchange);
    (void)context;
    assert(request->body.size <= 3000);
    if (slice_equal(request->target, slice_text("/park")) && !fuzz.parked) {
        fuzz.parked = exchange;
        exchange_park(exchange);
        return;
    }
    exchange_answer(exchange, 200, no_headers, request->body);
}

static void problem(void *context, struct exchange *exchange, unsigned code, status failure)
{
    (void)context;
    assert(code >= 400 && code <= 599 && !status_is_ok(failure));
    if (!is_begun(exchange)) fuzz.begun_count++;
    exchange_answer(exchange, code, no_headers, slice_text(status_message(failure)));
}

static void ended(void *context, struct exchange *exchange, enum exchange_end end)
{
    (void)context;
    (void)end;
    assert(is_begun(exchange));
    fuzz.ended_count++;
}

static const struct serve_service service = {
    .state_size = STATE_SIZE, .judge = judge, .handle = handle, .problem = problem, .ended = ended};

static void open_shard(void)
{
    struct serve_limits limits = serve_limits_default();
    limits.connection_count = 4;
    limits.request_count = limits.large_count = limits.probe_count = 2;
    fuzz.group = (struct shard_group){.shards = &fuzz.shard, .count = 1, .peers = &fuzz.peers};
    const struct shard_settings settings = {.group = &fuzz.group,
                                            .service = &service,
                                            .limits = limits,
                                            .deadlines = serve_deadlines_default(),
                                            .clock = clock_system()};
    status ready = arena_open(&fuzz.memory, serve_peers_memory_size(4));
    if (status_is_ok(ready)) ready = serve_peers_init(&fuzz.peers, &fuzz.memory, 4, 4);
    if (status_is_ok(ready)) ready = shard_open(&fuzz.shard, &settings);
    assert(status_is_ok(ready));
}

static void turn(void)
{
    for (int i = 0; i < TURN_COUNT; i++) loop_turn(&fuzz.shard.loop, 0);
    struct exchange *parked = fuzz.parked;
    fuzz.parked = NULL;
    if (parked) exchange_answer(parked, 200, no_headers, slice_text("parked"));
}

/* Reads the answers that are there as strictly as we read any. */
static void read_answers(int client)
{
    static uint8_t memory[1 << 20];
    struct http_reader reader;
    http_reader_init(&reader, memory, sizeof memory);
    for (;;) {
        struct http_response response;
        bool is_done = false;
        size_t room;
        uint8_t *space = http_reader_space(&reader, &room);
        const ssize_t got = recv(client, space, room, MSG_DONTWAIT);
        if (got <= 0) break;
        http_reader_add(&reader, (size_t)got);
        do {
            const status read =
                http_reader_response(&reader, slice_text("GET"), &response, &is_done);
            assert(status_is_ok(read));
            if (is_done) http_reader_next(&reader);
        } while (is_done && !http_reader_is_empty(&reader));
    }
}

static void serve_input(slice input, size_t piece_size)
{
    const struct serve_peer peer = {.is_local = true};
    int pair[2];
    /* An answer to HEAD says a length that does not follow. */
    const bool may_ask_heads = memmem(input.bytes, input.size, "HEAD", 4) != NULL;
    const int made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    assert(made == 0);
    shard_adopt(&fuzz.shard, pair[0], &peer);
    while (input.size > 0) {
        const slice piece = slice_part(input, 0, piece_size);
        const ssize_t sent = send(pair[1], piece.bytes, piece.size, MSG_NOSIGNAL);
        turn();
        if (sent <= 0) break;
        input = slice_part(input, (size_t)sent, input.size);
    }
    if (!may_ask_heads) read_answers(pair[1]);
    close(pair[1]);
    for (int i = 0; i < 4; i++) turn();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct serve_totals totals = {0};
    if (size < 1 || size > INPUT_SIZE_MAX) return 0;
    if (!fuzz.shard.is_open) open_shard();
    fuzz.begun_count = fuzz.ended_count = 0;
    serve_input(slice_of(data + 1, size - 1), data[0] ? (size_t)data[0] * 8 : 1);
    counters_sum(&fuzz.shard.home.counters, &totals);
    assert(fuzz.begun_count == fuzz.ended_count);
    for (size_t i = COUNTERS_FIRST_GAUGE; i < COUNTERS_COUNT; i++) assert(totals.values[i] == 0);
    return 0;
}
