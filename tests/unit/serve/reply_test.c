#include "serve/reply.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "runner.h"

static struct bench bench;

#define H "Host: x\r\n"

static void answers(void)
{
    static const struct {
        const char *name, *text, *answer;
    } rows[] = {
        {"usual", "GET /ok HTTP/1.1\r\n" H "\r\n",
         "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\nX-Good: yes\r\n"
         "Content-Length: 2\r\n\r\nok"},
        {"to HEAD", "HEAD /ok HTTP/1.1\r\n" H "\r\n",
         "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\nX-Good: yes\r\n"
         "Content-Length: 2\r\n\r\n"},
        {"to HTTP/1.0", "GET /ok HTTP/1.0\r\n\r\n",
         "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\nX-Good: yes\r\n"
         "Connection: close\r\nContent-Length: 2\r\n\r\nok"},
        {"to HTTP/1.0 that keeps alive", "GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
         "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\nX-Good: yes\r\n"
         "Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok"},
        {"header that would be two", "GET /broken HTTP/1.1\r\n" H "\r\n",
         "HTTP/1.1 500 Internal Server Error\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\n"
         "Content-Length: 0\r\n\r\n"},
        {"no request", "GET /ok\r\n\r\n",
         "HTTP/1.1 400 Bad Request\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\nConnection: close\r\n"
         "Content-Length: 46\r\n\r\n400 http: version must be HTTP/1.1 or HTTP/1.0"},
    };
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_text("answer", slice_text(bench_ask(&bench, rows[i].text)), rows[i].answer);
    }
    bench_close(&bench);
}

/* A client that takes a large answer slowly holds the pages of what it has not taken, no memory. */
static void slow_readers(void)
{
    enum { COUNT = 6, SIZE = 600000 };
    int clients[COUNT];
    static char taken[4096];
    bench_init(&bench);
    bench.limits.large_count = 1;
    bench.limits.request_count = 1;
    bench_open(&bench);
    for (size_t i = 0; i < COUNT; i++) {
        clients[i] = bench_connect(&bench);
        bench_send_text(&bench, clients[i], "GET /size?600000 HTTP/1.1\r\n" H "\r\n");
    }
    expect_u64("all were handled", bench.handled_count, COUNT);
    expect_u64("no memory is held", bench_counter(&bench, COUNTERS_SMALL_USED), 0);
    expect_true("pages are", bench_counter(&bench, COUNTERS_ANSWER_MEMORY) > 0);
    expect_u64("others are served",
               bench_count(bench_ask(&bench, "GET /ok HTTP/1.1\r\n" H "\r\n"), 200), 1);
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = 0;
        runner_row_at("client", i);
        for (int round = 0; round < 100000 && size < SIZE; round++) {
            const ssize_t got = recv(clients[i], taken, sizeof taken, MSG_DONTWAIT);
            if (got > 0) size += (size_t)got;
            else loop_turn(&bench.shard.loop, 0);
        }
        expect_true("all of it", size > SIZE);
        bench_send_text(&bench, clients[i], "GET /ok HTTP/1.1\r\n" H "\r\n");
        expect_u64("and it goes on", bench_count(bench_receive(&bench, clients[i]), 200), 1);
        close(clients[i]);
    }
    bench_turn(&bench);
    expect_u64("no pages are left", bench_counter(&bench, COUNTERS_ANSWER_MEMORY), 0);
    expect_u64("nothing is left", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    bench_close(&bench);
}

/* Without pages the one that has been taking its answer for longest makes room. */
static void oldest_reader_is_cut(void)
{
    enum { COUNT = 4 };
    int clients[COUNT];
    bench_init(&bench);
    bench.limits.answer_memory_size = 2 * (size_t)SERVE_BODY_SIZE_MAX + 1000000;
    bench_open(&bench);
    for (size_t i = 0; i < COUNT; i++) {
        clients[i] = bench_connect(&bench);
        bench_send_text(&bench, clients[i], "GET /size?900000 HTTP/1.1\r\n" H "\r\n");
        bench_wait(&bench, 10);
    }
    expect_text("the oldest ones", slice_text(bench.notes),
                "SLOW 200 /size?900000\nSLOW 200 /size?900000\n");
    expect_u64("counted", bench_counter(&bench, COUNTERS_REFUSED_ANSWER), 2);
    expect_true("the last has its answer", strlen(bench_receive(&bench, clients[3])) > 900000);
    for (size_t i = 0; i < COUNT; i++) close(clients[i]);
    bench_close(&bench);
}

static void late_reader(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    bench_send_text(&bench, client, "GET /size?900000 HTTP/1.1\r\n" H "\r\n");
    bench_wait(&bench, SERVE_ANSWER_MS - 1);
    expect_text("has its time", slice_text(bench.notes), "");
    bench_wait(&bench, 1);
    expect_text("and no more", slice_text(bench.notes), "SLOW 200 /size?900000\n");
    expect_u64("counted", bench_counter(&bench, COUNTERS_LATE_ANSWER), 1);
    expect_u64("closed", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    close(client);
    bench_close(&bench);
}

/* Answers that nobody waits for any more: while one is draining, and before it was made. */
static void leaves_while_draining(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    bench_send_text(&bench, client, "GET /size?900000 HTTP/1.1\r\n" H "\r\n");
    close(client);
    bench_turn(&bench);
    expect_text("gone", slice_text(bench.notes), "GONE 200 /size?900000\n");
    expect_u64("no pages are left", bench_counter(&bench, COUNTERS_ANSWER_MEMORY), 0);
    expect_u64("closed", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    bench_close(&bench);
}

static void late_while_draining_and_parked(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench), other = bench_connect(&bench);
    bench_send_text(&bench, client, "GET /size?900000 HTTP/1.1\r\n" H "\r\n");
    bench_send_text(&bench, other, "GET /keep HTTP/1.1\r\n" H "\r\n");
    bench_wait(&bench, SERVE_ANSWER_MS);
    bench_answer(&bench, 200, slice_text("x"));
    expect_text("each in its way", slice_text(bench.notes),
                "SLOW 200 /size?900000\nANSWERED 200 /keep\n");
    close(client);
    close(other);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"answers", answers},
        {"slow readers", slow_readers},
        {"oldest reader is cut", oldest_reader_is_cut},
        {"late reader", late_reader},
        {"leaves while draining", leaves_while_draining},
        {"late while draining and parked", late_while_draining_and_parked},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
