#include "serve/client.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "runner.h"

static struct bench bench;

#define H "Host: x\r\n"
#define OK "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"
#define KEEP "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n"

/* What was sent, how long nothing more comes, and what becomes of it a moment before and after. */
static const struct {
    const char *name, *text;
    int64_t after_ms;
    unsigned code; /* 0: the connection ends without an answer */
    enum counters_kind counter;
} rows[] = {
    {"nothing", "", SERVE_HEAD_MS, 0, COUNTERS_LATE_HEAD},
    {"half a head", "GET /ok HTTP/1.1\r\nHo", SERVE_HEAD_MS, 408, COUNTERS_LATE_HEAD},
    {"no body", "POST /echo HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\n", SERVE_BODY_PAUSE_MS, 408,
     COUNTERS_LATE_BODY},
    {"half a body", "POST /echo HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nabc", SERVE_BODY_PAUSE_MS,
     408, COUNTERS_LATE_BODY},
    {"half a chunk", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n9\r\nabc",
     SERVE_BODY_PAUSE_MS, 408, COUNTERS_LATE_BODY},
    {"half a large body", "POST /large HTTP/1.1\r\n" H "Content-Length: 99999\r\n\r\nabc",
     SERVE_BODY_PAUSE_MS, 408, COUNTERS_LATE_BODY},
};

static void silences(void)
{
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const int client = bench_connect(&bench);
        const uint64_t before = bench_counter(&bench, rows[i].counter);
        bench_send_text(&bench, client, rows[i].text);
        bench_wait(&bench, rows[i].after_ms - 1);
        expect_text("not yet", slice_text(bench_receive(&bench, client)), "");
        expect_true("still open", !bench_is_ended(&bench, client));
        bench_wait(&bench, 1);
        const char *received = bench_receive(&bench, client);
        if (rows[i].code == 0) expect_text("silently", slice_text(received), "");
        else expect_u64("answered", bench_count(received, rows[i].code), 1);
        expect_true("ended", bench_is_ended(&bench, client));
        expect_u64("counted", bench_counter(&bench, rows[i].counter), before + 1);
        close(client);
        bench_turn(&bench);
    }
    expect_u64("nothing is left", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    bench_close(&bench);
}

/* Bytes that keep coming do not keep a head or a body alive for ever. */
static void drips(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int head = bench_connect(&bench), body = bench_connect(&bench);
    bench_send_text(&bench, head, "GET /ok HTTP/1.1\r\n");
    bench_send_text(&bench, body, "POST /echo HTTP/1.1\r\n" H "Content-Length: 999\r\n\r\n");
    for (int64_t at = 0; at < SERVE_HEAD_MS - 1000; at += 1000) {
        bench_wait(&bench, 1000);
        bench_send_text(&bench, head, "X: y\r\n");
        bench_send_text(&bench, body, "b");
    }
    expect_true("heads have their time", !bench_is_ended(&bench, head));
    bench_wait(&bench, 1000);
    expect_u64("and no more", bench_count(bench_receive(&bench, head), 408), 1);
    for (int64_t at = SERVE_HEAD_MS; at < SERVE_BODY_MS - 1000; at += 1000) {
        bench_wait(&bench, 1000);
        bench_send_text(&bench, body, "b");
    }
    expect_text("bodies too", slice_text(bench_receive(&bench, body)), "");
    bench_wait(&bench, 1000);
    expect_u64("and no more", bench_count(bench_receive(&bench, body), 408), 1);
    close(head);
    close(body);
    bench_close(&bench);
}

/* Load balancers close idle connections after 60 s, and must be first. */
static void idle(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    for (size_t i = 0; i < 3; i++) {
        bench_send_text(&bench, client, OK);
        expect_u64("served", bench_count(bench_receive(&bench, client), 200), 1);
        bench_wait(&bench, SERVE_IDLE_MS - 1);
    }
    expect_true("kept", SERVE_IDLE_MS > 60000 && !bench_is_ended(&bench, client));
    bench_wait(&bench, 1);
    expect_true("closed", bench_is_ended(&bench, client));
    expect_u64("counted", bench_counter(&bench, COUNTERS_IDLE_CLOSED), 1);
    close(client);
    bench_close(&bench);
}

/* A request that found no memory is refused when its time has passed, and the next is served. */
static void refused_in_the_end(void)
{
    bench_init(&bench);
    bench.limits.request_count = 1;
    bench_open(&bench);
    const int first = bench_connect(&bench), second = bench_connect(&bench);
    bench_send_text(&bench, first, KEEP);
    bench_send_text(&bench, second, OK);
    bench_wait(&bench, SERVE_WAIT_MS - 1);
    expect_text("waits", slice_text(bench_receive(&bench, second)), "");
    bench_wait(&bench, 1);
    const char *received = bench_receive(&bench, second);
    expect_u64("refused", bench_count(received, 503), 1);
    expect_true("with the reason", strstr(received, "503 service: too many requests") != NULL);
    expect_u64("counted", bench_counter(&bench, COUNTERS_REFUSED_SMALL), 1);
    expect_true("the connection goes on", !bench_is_ended(&bench, second));
    bench_answer(&bench, 200, slice_text("x"));
    bench_send_text(&bench, second, OK);
    expect_u64("served", bench_count(bench_receive(&bench, second), 200), 1);
    close(first);
    close(second);
    bench_close(&bench);
}

/* The program sees to a parked request's deadline: the server waits for it. */
static void parked(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    bench_send_text(&bench, client, KEEP);
    expect_u64("deadline", (uint64_t)exchange_deadline_ms(bench.parked[0]),
               (uint64_t)(bench.now_ms + SERVE_HANDLE_MS));
    bench_wait(&bench, (int64_t)10 * SERVE_IDLE_MS);
    expect_true("kept", !bench_is_ended(&bench, client));
    bench_answer(&bench, 200, slice_text("late"));
    expect_u64("answered", bench_count(bench_receive(&bench, client), 200), 1);
    bench_wait(&bench, SERVE_IDLE_MS - 1);
    expect_true("and goes on", !bench_is_ended(&bench, client));
    close(client);
    bench_close(&bench);
}

/* A client that leaves while its request is parked ends nothing. */
static void client_leaves(void)
{
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < 2; i++) {
        const int client = i == 0 ? bench_connect(&bench) : bench_connect_tcp(&bench);
        const struct linger reset = {.l_onoff = 1, .l_linger = 0};
        runner_row(i == 0 ? "unix" : "tcp, by a reset");
        bench.notes[0] = 0;
        bench_send_text(&bench, client, KEEP);
        expect_u64("parked", bench.parked_count, 1);
        if (i == 1) setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(client);
        bench_turn(&bench);
        expect_text("nothing ended", slice_text(bench.notes), "");
        expect_u64("it lives", bench_counter(&bench, COUNTERS_CONNECTIONS), 1);
        bench_answer(&bench, 200, slice_text("to nobody"));
        expect_text("gone", slice_text(bench.notes), "GONE 200 /keep\n");
        expect_u64("and so is the connection", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    }
    expect_u64("counted", bench_counter(&bench, COUNTERS_CLIENT_GONE), 2);
    bench_close(&bench);
}

/* One that has only ended its direction gets its answers. */
static void half_closed(void)
{
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < 2; i++) {
        const int client = i == 0 ? bench_connect(&bench) : bench_connect_tcp(&bench);
        runner_row(i == 0 ? "unix" : "tcp");
        bench_send_text(&bench, client, KEEP OK);
        shutdown(client, SHUT_WR);
        bench_turn(&bench);
        bench_answer(&bench, 200, slice_text("x"));
        expect_u64("both", bench_count(bench_receive(&bench, client), 200), 2);
        expect_true("then it ends", bench_is_ended(&bench, client));
        close(client);
        bench_turn(&bench);
    }
    expect_u64("none is gone", bench_counter(&bench, COUNTERS_CLIENT_GONE), 0);
    expect_u64("nothing is left", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    bench_close(&bench);
}

/* One that leaves in the middle of a body has asked for nothing. */
static void leaves_with_half_a_body(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    bench_send_text(&bench, client, "POST /large HTTP/1.1\r\n" H "Content-Length: 9999\r\n\r\nabc");
    expect_true("pages are held", bench_counter(&bench, COUNTERS_BODY_MEMORY) > 0);
    close(client);
    bench_turn(&bench);
    expect_text("gone", slice_text(bench.notes), "GONE 0 /large\n");
    expect_u64("nothing is held", bench_counter(&bench, COUNTERS_BODY_MEMORY), 0);
    expect_u64("nothing is left", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    bench_close(&bench);
}

/*
 * An answer after which the server closes arrives, whatever the client goes on to send: a socket that
 * is closed with unread input sends a reset, which makes the client drop what it has not read yet.
 */
static void no_reset(void)
{
    static char flood[200000];
    bench_init(&bench);
    bench_open(&bench);
    memset(flood, 'x', sizeof flood);
    const int client = bench_connect_tcp(&bench);
    bench_send_text(&bench, client, "POST /echo HTTP/1.1\r\n" H "Content-Length: 999999\r\n\r\n");
    for (size_t i = 0; i < 4; i++) bench_send(&bench, client, slice_of(flood, sizeof flood));
    expect_u64("the answer is there", bench_count(bench_receive(&bench, client), 413), 1);
    expect_true("and a clean end", bench_is_ended(&bench, client));
    expect_u64("it lingers", bench_counter(&bench, COUNTERS_CONNECTIONS), 1);
    bench_wait(&bench, SERVE_LINGER_MS);
    expect_u64("for its time", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    close(client);
    bench_close(&bench);
}

static void lingering_is_bounded(void)
{
    static char flood[200000];
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    bench_send_text(&bench, client, "GET /ok\r\n\r\n");
    for (size_t i = 0; i < 20; i++) bench_send(&bench, client, slice_of(flood, sizeof flood));
    expect_u64("closed", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    close(client);
    bench_close(&bench);
}

/* One client's many requests do not keep others waiting for all of them. */
static void fairness(void)
{
    static char flood[2000 * sizeof OK];
    bench_init(&bench);
    bench_open(&bench);
    size_t size = 0;
    for (; size + sizeof OK < sizeof flood; size += sizeof OK - 1)
        memcpy(flood + size, OK, sizeof OK - 1);
    const int greedy = bench_connect(&bench), other = bench_connect(&bench);
    expect_true("sent", send(greedy, flood, size, MSG_DONTWAIT) > 50000);
    expect_true("sent", send(other, OK, sizeof OK - 1, MSG_DONTWAIT) > 0);
    loop_turn(&bench.shard.loop, 0);
    expect_u64("one turn serves both", bench_count(bench_receive(&bench, other), 200), 1);
    expect_true("not all of the one", bench.handled_count < 1000);
    for (size_t i = 0; i < 200; i++) {
        bench_wait(&bench, 1);
        while (recv(greedy, bench.received, sizeof bench.received, MSG_DONTWAIT) > 0) {
        }
    }
    expect_true("in the end all of it", bench.handled_count > 1900);
    close(greedy);
    close(other);
    bench_close(&bench);
}

/* Who is spared last: requests; before them slow heads, and first of all idle connections. */
static void making_room(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int busy = bench_connect(&bench), slow = bench_connect(&bench),
              idle_one = bench_connect(&bench);
    bench_send_text(&bench, busy, KEEP);
    bench_send_text(&bench, slow, "GET /ok HTTP");
    bench_send_text(&bench, idle_one, OK);
    expect_u64("served", bench_count(bench_receive(&bench, idle_one), 200), 1);
    expect_true("the idle one", client_make_room(&bench.shard.home));
    expect_true("is closed", bench_is_ended(&bench, idle_one));
    expect_true("a head has a moment", !client_make_room(&bench.shard.home));
    bench_wait(&bench, CONNECTION_HEAD_PATIENCE_MS);
    expect_true("and no more", client_make_room(&bench.shard.home));
    expect_true("is closed", bench_is_ended(&bench, slow));
    expect_true("a request is not", !client_make_room(&bench.shard.home));
    bench_answer(&bench, 200, slice_text("x"));
    expect_u64("answered", bench_count(bench_receive(&bench, busy), 200), 1);
    expect_u64("counted", bench_counter(&bench, COUNTERS_EVICTED), 2);
    close(busy);
    close(slow);
    close(idle_one);
    bench_close(&bench);
}

static void closing_idle(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int fresh = bench_connect(&bench), idle_one = bench_connect(&bench),
              busy = bench_connect(&bench), begun = bench_connect(&bench);
    bench_send_text(&bench, idle_one, OK);
    bench_receive(&bench, idle_one);
    bench_send_text(&bench, busy, KEEP);
    bench_send_text(&bench, begun, "GET /ok HTTP/1.1\r\n");
    bench.shard.home.is_draining = true;
    client_close_idle(&bench.shard.home);
    expect_true("fresh", bench_is_ended(&bench, fresh));
    expect_true("idle", bench_is_ended(&bench, idle_one));
    expect_true("busy is not", !bench_is_ended(&bench, busy));
    bench_send_text(&bench, begun, "Host: x\r\n\r\n");
    const char *received = bench_receive(&bench, begun);
    expect_u64("what has begun is served", bench_count(received, 200), 1);
    expect_true("and says that it ends", strstr(received, "Connection: close\r\n") != NULL);
    bench_answer(&bench, 200, slice_text("x"));
    expect_true("parked too", strstr(bench_receive(&bench, busy), "Connection: close\r\n") != NULL);
    const int all[] = {fresh, idle_one, busy, begun};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) close(all[i]);
    bench_turn(&bench);
    expect_u64("nothing is left", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    bench_close(&bench);
}

/* The shard ends while requests are parked, waiting and draining: each is reported once. */
static void ends_with_everything_under_way(void)
{
    bench_init(&bench);
    bench.limits.request_count = 1;
    bench_open(&bench);
    const int parked_one = bench_connect(&bench), waiting = bench_connect(&bench),
              draining = bench_connect(&bench), body = bench_connect(&bench);
    bench_send_text(&bench, draining, "GET /size?900000 HTTP/1.1\r\n" H "\r\n");
    bench_send_text(&bench, parked_one, KEEP);
    bench_send_text(&bench, waiting, OK);
    bench_send_text(&bench, body, "POST /echo HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\n");
    bench_close(&bench);
    expect_u64("each once", strlen(bench.notes),
               strlen("STOPPED 200 /size?900000\nSTOPPED 0 /keep\n"
                      "STOPPED 0 /ok\nSTOPPED 0 /echo\n"));
    expect_true("parked", strstr(bench.notes, "STOPPED 0 /keep\n") != NULL);
    expect_true("draining", strstr(bench.notes, "STOPPED 200 /size?900000\n") != NULL);
    const int all[] = {parked_one, waiting, draining, body};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) close(all[i]);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"silences", silences},
        {"drips", drips},
        {"idle", idle},
        {"refused in the end", refused_in_the_end},
        {"parked", parked},
        {"client leaves", client_leaves},
        {"half closed", half_closed},
        {"leaves with half a body", leaves_with_half_a_body},
        {"no reset", no_reset},
        {"lingering is bounded", lingering_is_bounded},
        {"fairness", fairness},
        {"making room", making_room},
        {"closing idle", closing_idle},
        {"ends with everything under way", ends_with_everything_under_way},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
