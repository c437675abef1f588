#include "transcript.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/program.h"
#include "http/reader.h"
#include "net/listener.h"
#include "os/clock.h"

enum {
    ANSWER_COUNT_MAX = 16,
    SEEN_COUNT_MAX = 16,
    TEXT_SIZE_MAX = 128 * 1024,
    ARGUMENT_COUNT_MAX = 40,
    WAIT_MS = 50,
    CONNECTION_MS = 10 * 1000,
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    bool is_ending;
    struct {
        unsigned code;
        const char *body;
    } answers[ANSWER_COUNT_MAX];
    size_t answer_count, answer_next;
    char seen[SEEN_COUNT_MAX][TEXT_SIZE_MAX];
    size_t seen_count;
    char authorization[512];
    /* The service thread's own. */
    struct listener listener;
    char folder[40], path[64];
    uint8_t received[TEXT_SIZE_MAX], sent[TEXT_SIZE_MAX];
    /* The test's own. */
    char *out, *err;
    bool has_no_url;
} script = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(const struct http_request *request)
{
    slice value;
    char *text = script.seen[script.seen_count % SEEN_COUNT_MAX];
    script.seen_count++;
    snprintf(text, TEXT_SIZE_MAX, "%.*s %.*s\n%.*s", (int)request->method.size,
             (const char *)request->method.bytes, (int)request->target.size,
             (const char *)request->target.bytes, (int)request->body.size,
             request->body.size > 0 ? (const char *)request->body.bytes : "");
    script.authorization[0] = '\0';
    if (http_headers_find(&request->headers, "authorization", &value)) {
        snprintf(script.authorization, sizeof script.authorization, "%.*s", (int)value.size,
                 (const char *)value.bytes);
    }
}

/* Answers one request; false when there is no answer for it. */
static bool serve_one(struct stream *stream, const struct http_request *request)
{
    struct http_response response = {0};
    struct builder text;
    (void)pthread_mutex_lock(&script.lock);
    note(request);
    const bool has_answer = script.answer_next < script.answer_count;
    if (has_answer) {
        response.code = (uint16_t)script.answers[script.answer_next].code;
        response.body = slice_text(script.answers[script.answer_next].body);
        script.answer_next++;
    }
    (void)pthread_mutex_unlock(&script.lock);
    if (!has_answer) return false;
    http_headers_init(&response.headers);
    builder_init(&text, script.sent, sizeof script.sent);
    return status_is_ok(http_response_print(&response, &text)) &&
           status_is_ok(
               stream_write(stream, builder_view(&text), clock_deadline_ms(CONNECTION_MS)));
}

static void serve_connection(struct stream *stream)
{
    struct http_reader reader;
    http_reader_init(&reader, script.received, sizeof script.received);
    for (;;) {
        struct http_request request;
        bool is_done = false;
        size_t size, got;
        if (!status_is_ok(http_reader_request(&reader, &request, &is_done))) return;
        if (is_done) {
            if (!serve_one(stream, &request)) return;
            http_reader_next(&reader);
            continue;
        }
        uint8_t *space = http_reader_space(&reader, &size);
        if (size == 0) return;
        if (!status_is_ok(
                stream_read(stream, space, size, clock_deadline_ms(CONNECTION_MS), &got)) ||
            got == 0) {
            return;
        }
        http_reader_add(&reader, got);
    }
}

static bool is_ending(void)
{
    (void)pthread_mutex_lock(&script.lock);
    const bool ending = script.is_ending;
    (void)pthread_mutex_unlock(&script.lock);
    return ending;
}

static void *serve(void *unused)
{
    (void)unused;
    while (!is_ending()) {
        SCOPED(stream_close) struct stream stream = {0};
        if (!status_is_ok(listener_accept(&script.listener, clock_deadline_ms(WAIT_MS), &stream))) {
            continue;
        }
        serve_connection(&stream);
    }
    return NULL;
}

void transcript_open(void)
{
    endpoint where;
    char text[80];
    snprintf(script.folder, sizeof script.folder, "/tmp/enw-transcript-XXXXXX");
    if (!mkdtemp(script.folder)) abort();
    snprintf(script.path, sizeof script.path, "%s/socket", script.folder);
    snprintf(text, sizeof text, "unix:%s", script.path);
    if (!status_is_ok(endpoint_parse(slice_text(text), &where)) ||
        !status_is_ok(listener_open(&where, &script.listener)) ||
        pthread_create(&script.thread, NULL, serve, NULL) != 0) {
        abort();
    }
}

void transcript_close(void)
{
    (void)pthread_mutex_lock(&script.lock);
    script.is_ending = true;
    (void)pthread_mutex_unlock(&script.lock);
    (void)pthread_join(script.thread, NULL);
    listener_close(&script.listener);
    (void)rmdir(script.folder);
    free(script.out);
    free(script.err);
}

void transcript_answer(unsigned code, const char *body)
{
    (void)pthread_mutex_lock(&script.lock);
    if (script.answer_count == ANSWER_COUNT_MAX) abort();
    script.answers[script.answer_count].code = code;
    script.answers[script.answer_count++].body = body;
    (void)pthread_mutex_unlock(&script.lock);
}

void transcript_reset(void)
{
    (void)pthread_mutex_lock(&script.lock);
    script.answer_count = script.answer_next = script.seen_count = 0;
    (void)pthread_mutex_unlock(&script.lock);
}

void transcript_set_url(bool is_given)
{
    script.has_no_url = !is_given;
}

struct transcript transcript_run(const char *input, ...)
{
    char program[] = "enw", flag[] = "--url", url[80], copies[ARGUMENT_COUNT_MAX][4096];
    char *arguments[ARGUMENT_COUNT_MAX + 4] = {program};
    int count = 1;
    size_t out_size = 0, err_size = 0;
    va_list given;
    snprintf(url, sizeof url, "unix:%s", script.path);
    va_start(given, input);
    for (const char *next; (next = va_arg(given, const char *)) && count < ARGUMENT_COUNT_MAX;) {
        snprintf(copies[count], sizeof copies[count], "%s", next);
        arguments[count] = copies[count];
        count++;
    }
    va_end(given);
    if (!script.has_no_url) {
        arguments[count++] = flag;
        arguments[count++] = url;
    }
    free(script.out);
    free(script.err);
    const struct streams streams = {
        .in = fmemopen(NULL, strlen(input) + 1, "w+"),
        .out = open_memstream(&script.out, &out_size),
        .err = open_memstream(&script.err, &err_size),
    };
    if (!streams.in || !streams.out || !streams.err) abort();
    (void)fputs(input, streams.in);
    rewind(streams.in);
    struct transcript run = {.code = program_run(count, arguments, &streams)};
    (void)fclose(streams.in);
    (void)fclose(streams.out);
    (void)fclose(streams.err);
    run.out = slice_of(script.out, out_size);
    run.err = slice_of(script.err, err_size);
    return run;
}

slice transcript_seen(size_t index)
{
    (void)pthread_mutex_lock(&script.lock);
    const slice text = index < script.seen_count ? slice_text(script.seen[index]) : slice_of("", 0);
    (void)pthread_mutex_unlock(&script.lock);
    return text;
}

size_t transcript_seen_count(void)
{
    (void)pthread_mutex_lock(&script.lock);
    const size_t count = script.seen_count;
    (void)pthread_mutex_unlock(&script.lock);
    return count;
}

slice transcript_authorization(void)
{
    return slice_text(script.authorization);
}

const char *transcript_path(void)
{
    return script.path;
}
