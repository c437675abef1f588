#include "serve/connection.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "runner.h"

static struct bench bench;

#define KEEP "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n"

static void queues(void)
{
    struct connection all[3] = {0};
    struct connection_queue first = {0}, second = {0};
    for (size_t i = 0; i < 3; i++) connection_join(&all[i], CONNECTION_PLACE_STATE, &first);
    expect_true("in order", first.first == &all[0] && first.last == &all[2]);
    connection_join(&all[0], CONNECTION_PLACE_STATE, &first);
    expect_true("stays where it stands", first.first == &all[0]);
    connection_leave(&all[1], CONNECTION_PLACE_STATE);
    connection_leave(&all[1], CONNECTION_PLACE_STATE);
    expect_true("the others close up", all[0].places[CONNECTION_PLACE_STATE].next == &all[2]);
    connection_join(&all[0], CONNECTION_PLACE_STATE, &second);
    expect_true("one queue of a kind", first.first == &all[2] && second.first == &all[0]);
    connection_join(&all[2], CONNECTION_PLACE_WAIT, &second);
    expect_true("another kind's beside it", first.first == &all[2]);
    connection_leave(&all[2], CONNECTION_PLACE_STATE);
    expect_true("empty", !first.first && !first.last);
}

/* The states that a connection is in are the queues that it stands in. */
static void states(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const struct connection_queue *states = bench.shard.home.states;
    const int client = bench_connect(&bench);
    expect_true("head", states[CONNECTION_HEAD].first != NULL);
    bench_send_text(&bench, client, "POST /park HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n");
    expect_true("body", states[CONNECTION_BODY].first != NULL && !states[CONNECTION_HEAD].first);
    bench_send_text(&bench, client, "x");
    expect_true("handling", states[CONNECTION_HANDLING].first && !states[CONNECTION_BODY].first);
    bench_answer(&bench, 200, slice_text("x"));
    expect_true("idle", states[CONNECTION_IDLE].first && !states[CONNECTION_HANDLING].first);
    bench_send_text(&bench, client, "G");
    expect_true("head", states[CONNECTION_HEAD].first && !states[CONNECTION_IDLE].first);
    bench_send_text(&bench, client, "ET /close HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_true("lingering", states[CONNECTION_LINGERING].first != NULL);
    close(client);
    bench_turn(&bench);
    for (size_t i = 0; i < CONNECTION_STATE_COUNT; i++) {
        expect_true("none", !states[i].first && !states[i].last);
    }
    bench_close(&bench);
}

static bool is_there(slice memory, slice text)
{
    for (size_t i = 0; i + text.size <= memory.size; i++) {
        if (slice_equal(slice_part(memory, i, text.size), text)) return true;
    }
    return false;
}

/* A token and a body are in the shard's memory while their request is, and in no part of it after. */
static void nothing_stays(void)
{
    static char body[20000];
    static const struct {
        const char *name, *head;
        size_t size;
    } rows[] = {
        {"in a block",
         "POST /park HTTP/1.1\r\nHost: x\r\nAuthorization: planted-token\r\nContent-Length: "
         "12\r\n\r\n",
         12},
        {"in pages",
         "POST /park HTTP/1.1\r\nHost: x\r\nAuthorization: planted-token\r\nContent-Length: "
         "20000\r\n\r\n",
         20000},
        {"in chunks",
         "POST /park HTTP/1.1\r\nHost: x\r\nAuthorization: planted-token\r\nTransfer-Encoding: "
         "chunked\r\n\r\n4e20\r\n",
         20000},
    };
    bench_init(&bench);
    bench_open(&bench);
    const slice all = slice_of(bench.shard.memory.memory, bench.shard.memory.size_max);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (size_t k = 0; k + 12 <= sizeof body; k += 12) memcpy(body + k, "planted-body", 12);
        const int client = bench_connect(&bench);
        runner_row(rows[i].name);
        bench_send_text(&bench, client, rows[i].head);
        bench_send(&bench, client, slice_of(body, rows[i].size));
        if (i == 2) bench_send_text(&bench, client, "\r\n0\r\n\r\n");
        expect_u64("parked", bench.parked_count, 1);
        expect_true("token", is_there(all, slice_text("planted-token")));
        expect_true("body", is_there(all, slice_text("planted-body")));
        bench_answer(&bench, 200, slice_text("planted-answer"));
        expect_u64("answered", bench_count(bench_receive(&bench, client), 200), 1);
        expect_true("no token", !is_there(all, slice_text("planted-token")));
        expect_true("no body", !is_there(all, slice_text("planted-body")));
        expect_true("no answer", !is_there(all, slice_text("planted-answer")));
        close(client);
    }
    bench_turn(&bench);
    bench_close(&bench);
}

/* Those that wait for memory get it in turn, and one that closes leaves the turn to the next. */
static void memory_in_turn(void)
{
    int clients[4];
    bench_init(&bench);
    bench.limits.request_count = 1;
    bench_open(&bench);
    for (size_t i = 0; i < 4; i++) {
        clients[i] = bench_connect(&bench);
        bench_send_text(&bench, clients[i], KEEP);
    }
    expect_u64("three wait", bench_counter(&bench, COUNTERS_WAITING), 3);
    for (size_t i = 0; i < 4; i++) {
        bench_answer(&bench, 200, slice_text("x"));
        runner_row_at("client", i);
        expect_u64("in turn", bench_count(bench_receive(&bench, clients[i]), 200), 1);
    }
    expect_u64("had to", bench_counter(&bench, COUNTERS_WAITED), 3);
    for (size_t i = 0; i < 4; i++) close(clients[i]);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"queues", queues},
        {"states", states},
        {"nothing stays", nothing_stays},
        {"memory in turn", memory_in_turn},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
