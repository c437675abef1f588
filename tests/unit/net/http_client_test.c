#include "net/http_client.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificates.h"
#include "http/reader.h"
#include "os/clock.h"
#include "peer.h"
#include "runner.h"

enum {
    PATIENCE_MS = 20000,
    CONNECTION_COUNT_MAX = 600,
    STEP_COUNT_MAX = 4,
    ARENA_SIZE = 256 << 10,
    NOW_S = 1800000000,
};

/* What the origin does over one connection, in order; when it has done all, it closes. */
struct step {
    enum {
        STEP_END,          /* nothing more: close */
        STEP_ANSWER,       /* read a request, send the text */
        STEP_DRIP,         /* read a request, send the text byte by byte */
        STEP_SWALLOW,      /* read a request, say nothing */
        STEP_SPEAK,        /* send the text without having been asked */
        STEP_WAIT_FOR_END, /* stay silent until the client ends */
    } kind;
    const char *text;
    size_t size; /* of the text; 0: all of it */
};

struct script {
    struct step steps[STEP_COUNT_MAX];
};

/* An origin behind a dialer: every dial is one connection of the script. */
static struct {
    struct script scripts[CONNECTION_COUNT_MAX];
    struct peer peers[CONNECTION_COUNT_MAX];
    size_t dial_count;
    atomic_size_t request_count;
    bool refuses;
    const struct tls_server *tls;
    char requests[1 << 16]; /* all requests, one after the other */
    size_t request_size;
    int64_t now_ms;
} origin;

static pthread_mutex_t requests_mutex = PTHREAD_MUTEX_INITIALIZER;

static bool request_read(struct stream *stream)
{
    uint8_t memory[16 << 10];
    struct http_reader reader;
    struct http_request request;
    bool is_done = false;
    http_reader_init(&reader, memory, sizeof memory);
    while (!is_done) {
        size_t space_size, got_size = 0;
        uint8_t *space = http_reader_space(&reader, &space_size);
        const status got =
            stream_read(stream, space, space_size, clock_deadline_ms(PATIENCE_MS), &got_size);
        if (!status_is_ok(got) || got_size == 0) return false;
        http_reader_add(&reader, got_size);
        if (!status_is_ok(http_reader_request(&reader, &request, &is_done))) return false;
    }
    pthread_mutex_lock(&requests_mutex);
    if (reader.size < sizeof origin.requests - origin.request_size) {
        memcpy(origin.requests + origin.request_size, memory, reader.size);
        origin.request_size += reader.size;
    }
    pthread_mutex_unlock(&requests_mutex);
    atomic_fetch_add(&origin.request_count, 1);
    return true;
}

static void text_write(struct stream *stream, slice text)
{
    const status sent = stream_write(stream, text, clock_deadline_ms(PATIENCE_MS));
    /* The client may have gone; the test looks at what it got. */
    (void)sent.failure;
}

static bool step_run(struct stream *stream, const struct step *step)
{
    const size_t size = step->size > 0 || !step->text ? step->size : strlen(step->text);
    uint8_t byte;
    if (step->kind == STEP_WAIT_FOR_END) {
        while (status_is_ok(stream_read_all(stream, &byte, 1, clock_deadline_ms(PATIENCE_MS)))) {
        }
        return false;
    }
    if (step->kind != STEP_SPEAK && !request_read(stream)) return false;
    if (step->kind == STEP_ANSWER || step->kind == STEP_SPEAK) {
        text_write(stream, slice_of(step->text, size));
    }
    for (size_t i = 0; i < size && step->kind == STEP_DRIP; i++) {
        text_write(stream, slice_of(step->text + i, 1));
        usleep(500);
    }
    return true;
}

static void origin_serve(struct peer *peer)
{
    const struct script *script = peer->context;
    struct stream stream = {0};
    if (!status_is_ok(stream_open(peer->theirs, &stream))) return;
    peer->theirs = -1;
    bool is_going = true;
    if (origin.tls) {
        is_going =
            status_is_ok(tls_server_start(origin.tls, clock_deadline_ms(PATIENCE_MS), &stream));
    }
    for (size_t i = 0; i < STEP_COUNT_MAX && is_going && script->steps[i].kind != STEP_END; i++) {
        is_going = step_run(&stream, &script->steps[i]);
    }
    stream_close(&stream);
}

static status origin_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream)
{
    (void)target;
    (void)deadline_ms;
    if (origin.refuses) FAIL(UNAVAILABLE, ECONNREFUSED, "test: refused");
    const size_t index = origin.dial_count++;
    struct peer *peer = &origin.peers[index];
    peer_start(peer, origin_serve, &origin.scripts[index]);
    TRY(stream_open(peer->ours, stream));
    peer->ours = -1;
    return status_ok();
}

static int64_t held_ms(void *context)
{
    return *(const int64_t *)context;
}

static int64_t held_wall_ms(void *context)
{
    (void)context;
    return (int64_t)NOW_S * 1000;
}

/* A client of the origin, and what it needs. */
struct bench {
    struct http_client client;
    struct arena arena;
};

static void bench_open(struct bench *bench, const struct script *scripts, size_t script_count)
{
    memset(&origin, 0, sizeof origin);
    origin.now_ms = 1000;
    if (script_count > 0) memcpy(origin.scripts, scripts, script_count * sizeof *scripts);
    const struct http_client_settings settings = {
        .dial = origin_dial,
        .clock = {held_ms, held_wall_ms, &origin.now_ms},
        .connection_count_max = 2,
        .idle_ms_max = 100,
    };
    expect_ok("client", http_client_open(&settings, &bench->client));
    expect_ok("arena", arena_open(&bench->arena, ARENA_SIZE));
}

static void bench_close(struct bench *bench)
{
    http_client_close(&bench->client);
    arena_close(&bench->arena);
    for (size_t i = 0; i < origin.dial_count; i++) peer_stop(&origin.peers[i]);
}

static struct http_request request_of(const char *method, slice body)
{
    struct http_request request = {
        .method = slice_text(method), .target = slice_text("/"), .body = body};
    http_headers_init(&request.headers);
    expect_ok("host", http_headers_add(&request.headers, slice_text("host"), slice_text("a.test")));
    return request;
}

/* One call; the response's body, copied by the arena, is in `body`. */
struct outcome {
    status result;
    uint16_t code;
    slice body;
};

static struct outcome call_with(struct bench *bench, struct http_client_call call)
{
    struct http_response response = {0};
    arena_empty(&bench->arena);
    if (call.response_size_max == 0) call.response_size_max = 4096;
    if (call.deadline_ms == 0) call.deadline_ms = clock_deadline_ms(PATIENCE_MS);
    const status result = http_client_send(&bench->client, &call, &bench->arena, &response);
    return (struct outcome){result, response.code, response.body};
}

static struct outcome get(struct bench *bench)
{
    const struct http_request request = request_of("GET", slice_text(""));
    return call_with(bench, (struct http_client_call){.request = &request});
}

static void expect_body(struct bench *bench, const char *body)
{
    const struct outcome got = get(bench);
    if (expect_ok("call", got.result)) expect_text("body", got.body, body);
}

/* Waits until what the origin does to its kept connection has arrived. */
static void wait_for_news(struct bench *bench)
{
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (stream_is_idle(&bench->client.slots[0].stream) && clock_left_ms(deadline_ms, 1) > 0) {
        usleep(1000);
    }
}

static char ok_a[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
static char ok_b[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb";
static char ok_chunked[] =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n2\r\nbc\r\n0\r\n\r\n";

static void kept_connections(void)
{
    struct bench bench;
    const struct script scripts[] = {
        {{{STEP_ANSWER, ok_a, 0}, {STEP_DRIP, ok_chunked, 0}, {STEP_ANSWER, ok_b, 0}}}};
    bench_open(&bench, scripts, 1);
    expect_body(&bench, "a");
    expect_body(&bench, "abc");
    expect_body(&bench, "b");
    expect_u64("connections", bench.client.connect_count, 1);
    expect_text("as printed", slice_part(slice_of(origin.requests, origin.request_size), 0, 33),
                "GET / HTTP/1.1\r\nhost: a.test\r\n\r\nG");
    bench_close(&bench);
}

/* What may not be kept: each of these answers is good, and the next call takes a new connection. */
static void connections_not_kept(void)
{
    static const struct {
        const char *name, *first;
    } rows[] = {
        {"said to be the last",
         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"},
        {"more than was asked for",
         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct bench bench;
        const struct script scripts[] = {
            {{{STEP_ANSWER, rows[i].first, 0}, {STEP_WAIT_FOR_END, NULL, 0}}},
            {{{STEP_ANSWER, ok_b, 0}}}};
        runner_row(rows[i].name);
        bench_open(&bench, scripts, 2);
        expect_body(&bench, "a");
        expect_body(&bench, "b");
        expect_u64("connections", bench.client.connect_count, 2);
        bench_close(&bench);
    }
}

static void request_that_is_the_last(void)
{
    struct bench bench;
    const struct script scripts[] = {{{{STEP_ANSWER, ok_a, 0}, {STEP_WAIT_FOR_END, NULL, 0}}},
                                     {{{STEP_ANSWER, ok_b, 0}}}};
    bench_open(&bench, scripts, 2);
    struct http_request request = request_of("GET", slice_text(""));
    request.is_last = true;
    expect_ok("call", call_with(&bench, (struct http_client_call){.request = &request}).result);
    expect_body(&bench, "b");
    expect_u64("connections", bench.client.connect_count, 2);
    bench_close(&bench);
}

static void idle_for_too_long(void)
{
    struct bench bench;
    const struct script scripts[] = {{{{STEP_ANSWER, ok_a, 0}, {STEP_ANSWER, ok_a, 0}}},
                                     {{{STEP_ANSWER, ok_b, 0}}}};
    bench_open(&bench, scripts, 2);
    expect_body(&bench, "a");
    origin.now_ms += 100;
    expect_body(&bench, "a");
    origin.now_ms += 101;
    expect_body(&bench, "b");
    bench_close(&bench);
}

static void dropped_on_demand(void)
{
    struct bench bench;
    const struct script scripts[] = {{{{STEP_ANSWER, ok_a, 0}, {STEP_ANSWER, ok_a, 0}}},
                                     {{{STEP_ANSWER, ok_b, 0}}}};
    bench_open(&bench, scripts, 2);
    expect_body(&bench, "a");
    http_client_drop_idle(&bench.client);
    expect_body(&bench, "b");
    bench_close(&bench);
}

/*
 * The first connection answers once; then each row ends it in another way. `request_count` is how
 * many requests reach the origin in all, the first answer's included.
 */
static const struct {
    const char *name;
    struct script scripts[3];
    bool is_visible; /* before the next request */
    bool is_never_repeated;
    const char *body, *refusal;
    size_t request_count, dial_count;
} stale_rows[] = {
    {"closed while idle",
     {{{{STEP_ANSWER, ok_a, 0}}}, {{{STEP_ANSWER, ok_b, 0}}}},
     true,
     true,
     "b",
     NULL,
     2,
     2},
    {"spoke while idle",
     {{{{STEP_ANSWER, ok_a, 0},
        {STEP_SPEAK, "HTTP/1.1 408 Late\r\n\r\n", 0},
        {STEP_WAIT_FOR_END, NULL, 0}}},
      {{{STEP_ANSWER, ok_b, 0}}}},
     true,
     true,
     "b",
     NULL,
     2,
     2},
    {"closed under the request",
     {{{{STEP_ANSWER, ok_a, 0}, {STEP_SWALLOW, NULL, 0}}}, {{{STEP_ANSWER, ok_b, 0}}}},
     false,
     false,
     "b",
     NULL,
     3,
     2},
    {"closed under one that may not be repeated",
     {{{{STEP_ANSWER, ok_a, 0}, {STEP_SWALLOW, NULL, 0}}}, {{{STEP_ANSWER, ok_b, 0}}}},
     false,
     true,
     NULL,
     "http_client: response was cut off",
     2,
     1},
    {"closed twice",
     {{{{STEP_ANSWER, ok_a, 0}, {STEP_SWALLOW, NULL, 0}}},
      {{{STEP_SWALLOW, NULL, 0}}},
      {{{STEP_ANSWER, ok_b, 0}}}},
     false,
     false,
     NULL,
     "http_client: response was cut off",
     3,
     2},
    {"closed after the first byte of an answer",
     {{{{STEP_ANSWER, ok_a, 0}, {STEP_ANSWER, "H", 0}}}, {{{STEP_ANSWER, ok_b, 0}}}},
     false,
     false,
     NULL,
     "http_client: response was cut off",
     2,
     1},
    {"closed after an interim answer",
     {{{{STEP_ANSWER, ok_a, 0}, {STEP_ANSWER, "HTTP/1.1 100 Continue\r\n\r\n", 0}}},
      {{{STEP_ANSWER, ok_b, 0}}}},
     false,
     false,
     NULL,
     "http_client: response was cut off",
     2,
     1},
};

static void stale_connections(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(stale_rows); i++) {
        struct bench bench;
        runner_row(stale_rows[i].name);
        bench_open(&bench, stale_rows[i].scripts, 3);
        expect_body(&bench, "a");
        if (stale_rows[i].is_visible) wait_for_news(&bench);
        const struct http_request request = request_of("GET", slice_text(""));
        const struct outcome got = call_with(
            &bench, (struct http_client_call){
                        .request = &request, .is_never_repeated = stale_rows[i].is_never_repeated});
        expect_outcome("call", got.result, stale_rows[i].refusal);
        if (stale_rows[i].body && status_is_ok(got.result))
            expect_text("body", got.body, stale_rows[i].body);
        expect_u64("requests", atomic_load(&origin.request_count), stale_rows[i].request_count);
        expect_u64("connections", origin.dial_count, stale_rows[i].dial_count);
        bench_close(&bench);
    }
}

static void new_connection_is_not_repeated(void)
{
    struct bench bench;
    const struct script scripts[] = {{{{STEP_SWALLOW, NULL, 0}}}, {{{STEP_ANSWER, ok_b, 0}}}};
    bench_open(&bench, scripts, 2);
    expect_refused("call", get(&bench).result, "http_client: response was cut off");
    expect_u64("connections", origin.dial_count, 1);
    expect_body(&bench, "b");
    bench_close(&bench);
}

/* A response cut at any byte is a failure, and never a short success. */
static void cut_at_every_byte(void)
{
    static const char *const texts[] = {ok_a, ok_chunked};
    for (size_t text = 0; text < ARRAY_COUNT(texts); text++) {
        const size_t size = strlen(texts[text]);
        struct bench bench;
        bench_open(&bench, NULL, 0);
        for (size_t i = 0; i <= size; i++) {
            origin.scripts[i].steps[0] = i == 0 ? (struct step){STEP_SWALLOW, NULL, 0}
                                                : (struct step){STEP_ANSWER, texts[text], i};
        }
        for (size_t i = 0; i <= size; i++) {
            runner_row_at(texts[text] == ok_a ? "length" : "chunked", i);
            const struct outcome got = get(&bench);
            expect_outcome("call", got.result,
                           i < size ? "http_client: response was cut off" : NULL);
            if (i < size) expect_u64("detail", (uint64_t)got.result.detail, ECONNRESET);
        }
        expect_u64("each over its own", origin.dial_count, size + 1);
        bench_close(&bench);
    }
}

static void not_http(void)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"another protocol", "SSH-2.0-x\r\n\r\n"},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
        {"no length", "HTTP/1.1 200 OK\r\n\r\n"},
        {"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
        {"length and chunks",
         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct bench bench;
        const struct script scripts[] = {
            {{{STEP_ANSWER, rows[i].text, 0}, {STEP_WAIT_FOR_END, NULL, 0}}},
            {{{STEP_ANSWER, ok_b, 0}}}};
        runner_row(rows[i].name);
        bench_open(&bench, scripts, 2);
        const struct outcome got = get(&bench);
        expect_refused("call", got.result, "http_client: response is not strict HTTP");
        expect_kind("kind", got.result, FAILURE_CORRUPT);
        expect_body(&bench, "b");
        bench_close(&bench);
    }
}

static void size_limits(void)
{
    static char text[400];
    char body[300];
    memset(body, 'x', sizeof body);
    const int size =
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n%.300s", body);
    for (size_t missing_size = 0; missing_size < 2; missing_size++) {
        struct bench bench;
        const struct script scripts[] = {{{{STEP_ANSWER, text, 0}, {STEP_WAIT_FOR_END, NULL, 0}}}};
        const struct http_request request = request_of("GET", slice_text(""));
        runner_row_at("missing", missing_size);
        bench_open(&bench, scripts, 1);
        const struct outcome got = call_with(
            &bench, (struct http_client_call){.request = &request,
                                              .response_size_max = (size_t)size - missing_size});
        if (missing_size == 0) expect_ok("fits exactly", got.result);
        else expect_kind("one byte too many", got.result, FAILURE_OVER_LIMIT);
        bench_close(&bench);
    }
    runner_row("head");
    struct bench bench;
    static char head[HTTP_HEAD_SIZE_MAX + 64];
    memset(head, 'a', sizeof head - 1);
    memcpy(head, "HTTP/1.1 200 OK\r\nX: ", 20);
    const struct script scripts[] = {{{{STEP_ANSWER, head, 0}, {STEP_WAIT_FOR_END, NULL, 0}}}};
    const struct http_request request = request_of("GET", slice_text(""));
    bench_open(&bench, scripts, 1);
    const struct outcome got = call_with(
        &bench, (struct http_client_call){.request = &request, .response_size_max = 64 << 10});
    expect_kind("too large", got.result, FAILURE_OVER_LIMIT);
    bench_close(&bench);
}

static void deadlines(void)
{
    static const struct {
        const char *name;
        struct step step;
    } rows[] = {
        {"silence", {STEP_WAIT_FOR_END, NULL, 0}},
        {"drips that never end",
         {STEP_DRIP,
          "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          0}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct bench bench;
        const struct script scripts[] = {{{rows[i].step, {STEP_WAIT_FOR_END, NULL, 0}}}};
        const struct http_request request = request_of("GET", slice_text(""));
        runner_row(rows[i].name);
        bench_open(&bench, scripts, 1);
        const int64_t started_at_ms = clock_monotonic_ms();
        const struct outcome got =
            call_with(&bench, (struct http_client_call){.request = &request,
                                                        .deadline_ms = started_at_ms + 80});
        const int64_t took_ms = clock_monotonic_ms() - started_at_ms;
        expect_true("late", stream_is_late(got.result));
        expect_true("in time", took_ms >= 80 && took_ms < 20000);
        bench_close(&bench);
    }
}

static void head_has_no_body(void)
{
    struct bench bench;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    const struct script scripts[] = {{{{STEP_ANSWER, text, 0}, {STEP_ANSWER, ok_b, 0}}}};
    bench_open(&bench, scripts, 1);
    const struct http_request request = request_of("HEAD", slice_text(""));
    const struct outcome got = call_with(&bench, (struct http_client_call){.request = &request});
    expect_ok("call", got.result);
    expect_u64("body", got.body.size, 0);
    expect_body(&bench, "b");
    expect_u64("connections", origin.dial_count, 1);
    bench_close(&bench);
}

/* A refusal that comes before the request is read to its end is still an answer. */
static void early_answer(void)
{
    struct bench bench;
    static uint8_t body[128 << 10];
    static const char text[] = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
    const struct script scripts[] = {{{{STEP_SPEAK, text, 0}}}, {{{STEP_ANSWER, ok_b, 0}}}};
    memset(body, 'x', sizeof body);
    bench_open(&bench, scripts, 2);
    arena_close(&bench.arena);
    expect_ok("arena", arena_open(&bench.arena, 2 * ARENA_SIZE));
    const struct http_request request = request_of("POST", slice_of(body, sizeof body));
    const struct outcome got = call_with(&bench, (struct http_client_call){.request = &request});
    if (expect_ok("call", got.result)) {
        expect_u64("code", got.code, 413);
        expect_text("body", got.body, "no");
    }
    expect_body(&bench, "b");
    expect_u64("connections", origin.dial_count, 2);
    bench_close(&bench);
}

static void refused_dial(void)
{
    struct bench bench;
    const struct script scripts[] = {{{{STEP_ANSWER, ok_a, 0}}}};
    bench_open(&bench, scripts, 1);
    origin.refuses = true;
    expect_refused("call", get(&bench).result, "test: refused");
    origin.refuses = false;
    expect_body(&bench, "a");
    bench_close(&bench);
}

/* A call of its own thread, for the pool's bound. */
struct caller {
    struct bench *bench;
    struct arena arena;
    status result;
    pthread_t thread;
};

static void *caller_run(void *context)
{
    struct caller *caller = context;
    struct http_response response;
    const struct http_request request = request_of("GET", slice_text(""));
    const struct http_client_call call = {.request = &request,
                                          .response_size_max = 4096,
                                          .deadline_ms = clock_deadline_ms(PATIENCE_MS)};
    caller->result = http_client_send(&caller->bench->client, &call, &caller->arena, &response);
    return NULL;
}

static void pool_is_bounded(void)
{
    struct bench bench;
    struct caller callers[2] = {0};
    static char slow[2000];
    memset(slow, 0, sizeof slow);
    snprintf(slow, sizeof slow, "HTTP/1.1 200 OK\r\nX: %01500d\r\nContent-Length: 0\r\n\r\n", 0);
    const struct script scripts[] = {{{{STEP_DRIP, slow, 0}, {STEP_ANSWER, ok_b, 0}}}};
    bench_open(&bench, scripts, 1);
    bench.client.settings.connection_count_max = 1;
    for (size_t i = 0; i < 2; i++) {
        callers[i].bench = &bench;
        expect_ok("arena", arena_open(&callers[i].arena, ARENA_SIZE));
    }
    pthread_create(&callers[0].thread, NULL, caller_run, &callers[0]);
    while (atomic_load(&origin.request_count) == 0) usleep(1000);
    const struct http_request request = request_of("GET", slice_text(""));
    const struct outcome got =
        call_with(&bench, (struct http_client_call){.request = &request,
                                                    .deadline_ms = clock_deadline_ms(20)});
    expect_refused("no place in time", got.result, "http_client: all connections stay in use");
    expect_true("is late", stream_is_late(got.result));
    pthread_create(&callers[1].thread, NULL, caller_run, &callers[1]);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(callers[i].thread, NULL);
        expect_ok("call", callers[i].result);
        arena_close(&callers[i].arena);
    }
    expect_u64("one connection for both", origin.dial_count, 1);
    bench_close(&bench);
}

static void over_tls(void)
{
    SCOPED(certificate_close) struct certificate root = {0};
    SCOPED(certificate_close) struct certificate leaf = {0};
    SCOPED(tls_server_close) struct tls_server server = {0};
    SCOPED(tls_client_close) struct tls_client tls = {0};
    struct bench bench;
    const struct script scripts[] = {{{{STEP_ANSWER, ok_a, 0}, {STEP_DRIP, ok_chunked, 0}}},
                                     {{{STEP_ANSWER, ok_b, 0}}}};
    certificate_open(&root, &(struct certificate_wish){.common_name = "r",
                                                       .is_authority = true,
                                                       .not_before_s = NOW_S - 10,
                                                       .not_after_s = NOW_S + 10});
    certificate_open(&leaf, &(struct certificate_wish){.common_name = "l",
                                                       .alternative_name = "DNS:a.test",
                                                       .issuer = &root,
                                                       .not_before_s = NOW_S - 10,
                                                       .not_after_s = NOW_S + 10});
    const struct tls_identity identity = {certificate_pem(&leaf), certificate_key_pem(&leaf)};
    expect_ok("server", tls_server_open(&identity, &server));
    expect_ok("client", tls_client_open(certificate_pem(&root), &tls));
    bench_open(&bench, scripts, 2);
    origin.tls = &server;
    bench.client.settings.tls = &tls;
    bench.client.settings.tls_host = "a.test";
    expect_body(&bench, "a");
    expect_body(&bench, "abc");
    expect_u64("kept", origin.dial_count, 1);
    wait_for_news(&bench);
    bench.client.settings.tls_host = "b.test";
    expect_refused("another name", get(&bench).result, "tls: certificate is for another name");
    bench_close(&bench);
}

static void settings_checked(void)
{
    struct http_client client = {0};
    struct http_client_settings settings = {.dial = origin_dial};
    expect_refused("no connection", http_client_open(&settings, &client),
                   "http_client: number of connections is out of range");
    settings.connection_count_max = HTTP_CLIENT_CONNECTION_COUNT_MAX + 1;
    expect_refused("too many", http_client_open(&settings, &client),
                   "http_client: number of connections is out of range");
    settings.connection_count_max = HTTP_CLIENT_CONNECTION_COUNT_MAX;
    expect_ok("the most", http_client_open(&settings, &client));
    http_client_close(&client);
    http_client_close(&client);
    const struct tls_client tls = {0};
    settings.tls = &tls;
    expect_refused("whose certificate", http_client_open(&settings, &client),
                   "http_client: TLS needs the name of the peer");
}

static void arena_too_small(void)
{
    struct bench bench;
    bench_open(&bench, NULL, 0);
    const struct http_request request = request_of("GET", slice_text(""));
    const struct outcome got = call_with(
        &bench, (struct http_client_call){.request = &request, .response_size_max = ARENA_SIZE});
    expect_kind("call", got.result, FAILURE_OVER_LIMIT);
    expect_u64("nothing sent", origin.dial_count, 0);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"kept connections", kept_connections},
        {"connections not kept", connections_not_kept},
        {"request that is the last", request_that_is_the_last},
        {"idle for too long", idle_for_too_long},
        {"dropped on demand", dropped_on_demand},
        {"stale connections", stale_connections},
        {"new connection is not repeated", new_connection_is_not_repeated},
        {"cut at every byte", cut_at_every_byte},
        {"not HTTP", not_http},
        {"size limits", size_limits},
        {"deadlines", deadlines},
        {"head has no body", head_has_no_body},
        {"early answer", early_answer},
        {"refused dial", refused_dial},
        {"pool is bounded", pool_is_bounded},
        {"over TLS", over_tls},
        {"settings checked", settings_checked},
        {"arena too small", arena_too_small},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
