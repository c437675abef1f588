#include "serve/exchange.h"

#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "runner.h"

static struct bench bench;

/* What a program can ask of an exchange that it has parked. */
static void facts(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    const char text[] = "POST /park HTTP/1.1\r\nHost: x\r\nX-A: b\r\nContent-Length: 4\r\n\r\nbody";
    bench_send_text(&bench, client, text);
    if (!expect_u64("parked", bench.parked_count, 1)) return;
    struct exchange *exchange = bench.parked[0];
    const struct http_request *request = exchange_request(exchange);
    slice value = {0};
    expect_text("method", request->method, "POST");
    expect_text("target", request->target, "/park");
    expect_text("body", request->body, "body");
    expect_true("header", http_headers_find(&request->headers, "x-a", &value));
    expect_text("value", value, "b");
    expect_true("loop", exchange_loop(exchange) == &bench.shard.loop);
    expect_u64("shard", exchange_shard_index(exchange), 0);
    expect_true("peer", exchange_peer(exchange)->is_local);
    expect_u64("received", exchange_received_size(exchange), strlen(text));
    expect_u64("sent", exchange_sent_size(exchange), 0);
    expect_u64("no code yet", exchange_code(exchange), 0);
    expect_true("started", exchange_started_us(exchange) > 0);
    expect_true("deadline", exchange_deadline_ms(exchange) == bench.now_ms + SERVE_HANDLE_MS);
    void *memory;
    expect_ok("memory", arena_take(exchange_memory(exchange), SERVE_SMALL_MEMORY_SIZE, &memory));
    expect_kind("and no more", arena_take(exchange_memory(exchange), 1, &memory),
                FAILURE_OVER_LIMIT);
    bench_answer(&bench, 200, slice_text("x"));
    expect_text("ended", slice_text(bench.notes), "ANSWERED 200 /park\n");
    close(client);
    bench_close(&bench);
}

/* The bench's judge aborts unless the state is zeros; so each request begins with zeros. */
static void state_begins_as_zeros(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    for (size_t i = 0; i < 3; i++) {
        bench_send_text(&bench, client,
                        "POST /park HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na");
        const uint8_t *state = exchange_state(bench.parked[0]);
        expect_true("as it was left", state[0] == 0xa5 && state[BENCH_STATE_SIZE - 1] == 0xa5);
        bench_answer(&bench, 200, slice_text("x"));
        expect_u64("answered", bench_count(bench_receive(&bench, client), 200), 1);
    }
    close(client);
    bench_close(&bench);
}

static void memory_kinds(void)
{
    static const struct {
        const char *name, *text;
        enum counters_kind used;
        size_t size;
    } rows[] = {
        {"small", "POST /park HTTP/1.1\r\nHost: x\r\nContent-Length: 4096\r\n\r\n",
         COUNTERS_SMALL_USED, 4096},
        {"large for its body", "POST /park HTTP/1.1\r\nHost: x\r\nContent-Length: 4097\r\n\r\n",
         COUNTERS_LARGE_USED, 4097},
    };
    static char body[8192];
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const int client = bench_connect(&bench);
        runner_row(rows[i].name);
        bench_send_text(&bench, client, rows[i].text);
        expect_u64("not before its body is there", bench_counter(&bench, rows[i].used), 0);
        bench_send(&bench, client, slice_of(body, rows[i].size));
        expect_u64("used", bench_counter(&bench, rows[i].used), 1);
        bench_answer(&bench, 200, slice_text("x"));
        expect_u64("given back", bench_counter(&bench, rows[i].used), 0);
        close(client);
    }
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"facts", facts},
        {"state begins as zeros", state_begins_as_zeros},
        {"memory kinds", memory_kinds},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
