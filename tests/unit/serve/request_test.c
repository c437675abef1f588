#include "serve/request.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "runner.h"

static struct bench bench;

#define H "Host: x\r\n"
#define POST "POST /echo HTTP/1.1\r\n" H
#define BODY "{\"message\":\"hello\"}" /* 19 bytes, 13 in hex */
#define LENGTH "Content-Length: 19\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define CHUNKS "13\r\n" BODY "\r\n0\r\n\r\n"
#define NEXT "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"

/*
 * What arrives on one connection, the codes of what is answered, and whether the connection then
 * ends. A request that is refused for its framing gets one answer, and what follows it, NEXT in most
 * rows, is never read as a request.
 */
static const struct {
    const char *name, *text;
    unsigned codes[4];
    bool is_ended;
    bool is_whole; /* it matters that all of it is there at once */
} rows[] = {
    {"length", POST LENGTH "\r\n" BODY NEXT, {200, 200}, false, false},
    {"chunks", POST CHUNKED "\r\n" CHUNKS NEXT, {200, 200}, false, false},
    {"chunks with extensions",
     POST CHUNKED "\r\n13;a=b\r\n" BODY "\r\n0\r\n\r\n" NEXT,
     {200, 200},
     false,
     false},
    {"chunks with a trailer",
     POST CHUNKED "\r\n13\r\n" BODY "\r\n0\r\nX: y\r\n\r\n" NEXT,
     {200, 200},
     false,
     false},
    {"coding behind a tab",
     POST "Transfer-Encoding:\tchunked\r\n\r\n" CHUNKS NEXT,
     {200, 200},
     false,
     false},
    {"three in a row", NEXT NEXT NEXT, {200, 200, 200}, false, false},
    {"blanks around the length",
     POST "Content-Length:  19 \r\n\r\n" BODY NEXT,
     {200, 200},
     false,
     false},
    {"names in capitals",
     "POST /echo HTTP/1.1\r\nHOST: x\r\nCONTENT-LENGTH: 19\r\n\r\n" BODY NEXT,
     {200, 200},
     false,
     false},
    {"absolute form", "GET http://x/ok HTTP/1.1\r\n" H "\r\n" NEXT, {200, 200}, false, false},
    {"asterisk form", "OPTIONS * HTTP/1.1\r\n" H "\r\n" NEXT, {404, 200}, false, false},
    {"unknown method is the program's",
     "BREW /ok HTTP/1.1\r\n" H "\r\n" NEXT,
     {200, 200},
     false,
     false},
    {"closing", "GET /ok HTTP/1.1\r\n" H "Connection: close\r\n\r\n" NEXT, {200}, true, false},
    {"HTTP/1.0", "GET /ok HTTP/1.0\r\n\r\n" NEXT, {200}, true, false},
    {"HTTP/1.0 that keeps alive",
     "GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" NEXT,
     {200, 200},
     false,
     false},
    {"HTTP/1.0 with a body", "POST /echo HTTP/1.0\r\n" LENGTH "\r\n" BODY, {200}, true, false},
    {"refused by the judge", "POST /refuse HTTP/1.1\r\n" H "\r\n" NEXT, {401, 200}, false, false},
    {"refused, its body being there",
     "POST /refuse HTTP/1.1\r\n" H LENGTH "\r\n" BODY NEXT,
     {401, 200},
     false,
     true},
    {"refused, its body being cut",
     "POST /refuse HTTP/1.1\r\n" H "Content-Length: 200\r\n\r\n" NEXT,
     {401},
     true,
     false},
    {"refused, its body being in chunks",
     "POST /refuse HTTP/1.1\r\n" H CHUNKED "\r\n" CHUNKS NEXT,
     {401},
     true,
     false},
    {"ended by the program", "GET /close HTTP/1.1\r\n" H "\r\n" NEXT, {200}, true, false},
    {"header that cannot be sent",
     "GET /broken HTTP/1.1\r\n" H "\r\n" NEXT,
     {500, 200},
     false,
     false},

    {"body where none belongs",
     "GET /ok HTTP/1.1\r\n" H LENGTH "\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"chunks where none belong",
     "GET /ok HTTP/1.1\r\n" H CHUNKED "\r\n" CHUNKS NEXT,
     {400},
     true,
     false},
    {"empty chunks where none belong",
     "GET /ok HTTP/1.1\r\n" H CHUNKED "\r\n0\r\n\r\n" NEXT,
     {200, 200},
     false,
     false},
    {"too large a body", POST "Content-Length: 262145\r\n\r\n" NEXT, {413}, true, false},
    {"too large a chunk", POST CHUNKED "\r\n40001\r\n" NEXT, {413}, true, false},
    {"huge chunk", POST CHUNKED "\r\nfffffffffffffffff\r\n" NEXT, {413}, true, false},
    {"length and chunks", POST LENGTH CHUNKED "\r\n0\r\n\r\n" NEXT, {400}, true, false},
    {"chunks and length", POST CHUNKED "Content-Length: 4\r\n\r\n" CHUNKS NEXT, {400}, true, false},
    {"blank before the length's colon",
     POST "Content-Length : 19\r\n\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"tab before it", POST "Content-Length\t: 19\r\n\r\n" BODY NEXT, {400}, true, false},
    {"blank before the coding's colon",
     POST "Transfer-Encoding : chunked\r\n" LENGTH "\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"vertical tab before it",
     POST "Transfer-Encoding\x0b: chunked\r\n" LENGTH "\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"folded length", POST "Content-Length:\r\n 19\r\n\r\n" BODY NEXT, {400}, true, false},
    {"folded coding",
     POST "Transfer-Encoding:\r\n chunked\r\n\r\n" CHUNKS NEXT,
     {400},
     true,
     false},
    {"folded with a coding",
     POST "X: a\r\n Transfer-Encoding: chunked\r\n" LENGTH "\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"blank before the first header",
     "POST /echo HTTP/1.1\r\n Transfer-Encoding: chunked\r\n" H LENGTH "\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"coding identity",
     POST "Transfer-Encoding: identity\r\n" LENGTH "\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"coding gzip, chunked",
     POST "Transfer-Encoding: gzip, chunked\r\n\r\n" CHUNKS NEXT,
     {400},
     true,
     false},
    {"coding xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n" CHUNKS NEXT, {400}, true, false},
    {"coding twice", POST CHUNKED CHUNKED "\r\n" CHUNKS NEXT, {400}, true, false},
    {"coding in HTTP/1.0",
     "POST /echo HTTP/1.0\r\n" H "Connection: keep-alive\r\n" CHUNKED "\r\n" CHUNKS NEXT,
     {400},
     true,
     false},
    {"length with a plus", POST "Content-Length: +19\r\n\r\n" BODY NEXT, {400}, true, false},
    {"length in hex", POST "Content-Length: 0x13\r\n\r\n" BODY NEXT, {400}, true, false},
    {"length twice in one", POST "Content-Length: 19, 19\r\n\r\n" BODY NEXT, {400}, true, false},
    {"length twice", POST LENGTH LENGTH "\r\n" BODY NEXT, {400}, true, false},
    {"two lengths", POST LENGTH "Content-Length: 5\r\n\r\n" BODY NEXT, {400}, true, false},
    {"negative length", POST "Content-Length: -1\r\n\r\n" BODY NEXT, {400}, true, false},
    {"length beyond 2^64",
     POST "Content-Length: 18446744073709551635\r\n\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"length with a fraction", POST "Content-Length: 19.0\r\n\r\n" BODY NEXT, {400}, true, false},
    {"length with a tail", POST "Content-Length: 19abc\r\n\r\n" BODY NEXT, {400}, true, false},
    {"empty length", POST "Content-Length: \r\n\r\n" BODY NEXT, {400}, true, false},
    {"line feeds alone",
     "POST /echo HTTP/1.1\nHost: x\nContent-Length: 19\n\n" BODY NEXT,
     {400},
     true,
     false},
    {"carriage return in a value",
     POST "X: b\rContent-Length: 3\r\n" LENGTH "\r\n" BODY NEXT,
     {400},
     true,
     false},
    {"chunk line with a line feed alone",
     POST CHUNKED "\r\n13\n" BODY "\n0\n\n" NEXT,
     {400},
     true,
     false},
    {"extension with a line feed alone",
     POST CHUNKED "\r\n13;a\n" BODY "\r\n0\r\n\r\n" NEXT,
     {400},
     true,
     false},
    {"chunk with a prefix",
     POST CHUNKED "\r\n0x13\r\n" BODY "\r\n0\r\n\r\n" NEXT,
     {400},
     true,
     false},
    {"chunk behind a blank",
     POST CHUNKED "\r\n 13\r\n" BODY "\r\n0\r\n\r\n" NEXT,
     {400},
     true,
     false},
    {"chunk before a blank",
     POST CHUNKED "\r\n13 \r\n" BODY "\r\n0\r\n\r\n" NEXT,
     {400},
     true,
     false},
    {"negative chunk", POST CHUNKED "\r\n-1\r\n" BODY "\r\n0\r\n\r\n" NEXT, {400}, true, false},
    {"chunk longer than it says",
     POST CHUNKED "\r\n12\r\n" BODY "\r\n0\r\n\r\n" NEXT,
     {400},
     true,
     false},
    {"chunk without its end",
     POST CHUNKED "\r\n13\r\n" BODY "XX0\r\n\r\n" NEXT,
     {400},
     true,
     false},
    {"no Host", "GET /ok HTTP/1.1\r\n\r\n" NEXT, {400}, true, false},
    {"two Hosts", "GET /ok HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" NEXT, {400}, true, false},
    {"absolute form of another host",
     "GET http://y/ok HTTP/1.1\r\n" H "\r\n" NEXT,
     {400},
     true,
     false},
    {"authority form", "CONNECT x:80 HTTP/1.1\r\n" H "\r\n" NEXT, {400}, true, false},
    {"asterisk with GET", "GET * HTTP/1.1\r\n" H "\r\n" NEXT, {400}, true, false},
    {"bytes above ASCII in the target",
     "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n" NEXT,
     {400},
     true,
     false},
    {"HTTP/0.9", "GET /ok\r\n\r\n" NEXT, {400}, true, false},
    {"HTTP/1.2", "GET /ok HTTP/1.2\r\n" H "\r\n" NEXT, {505}, true, false},
    {"HTTP/2.0", "GET /ok HTTP/2.0\r\n" H "\r\n" NEXT, {505}, true, false},
    {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" NEXT, {505}, true, false},
    {"method too long", "ABCDEFGHIJKLMNOPQ /ok HTTP/1.1\r\n" H "\r\n" NEXT, {501}, true, false},
    {"empty line first", "\r\n" NEXT NEXT, {400}, true, false},
    {"TLS", "\x16\x03\x01\x02\xff\x01\n\r\n\r\n" NEXT, {400}, true, false},
    {"unknown expectation", POST LENGTH "Expect: tea\r\n\r\n" BODY NEXT, {417}, true, false},
    {"expectation in HTTP/1.0",
     "POST /echo HTTP/1.0\r\n" LENGTH "Expect: tea\r\n\r\n" BODY,
     {200},
     true,
     false},
    {"expectation, its body being there",
     POST LENGTH "Expect: 100-continue\r\n\r\n" BODY NEXT,
     {200, 200},
     false,
     true},
};

/* Checks the codes in a text of answers, their number included. */
static void expect_codes(const char *text, const unsigned *codes)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at += 9) {
        if (at[9] < '0' || at[9] > '9') continue; /* a sentence about versions */
        char code[4] = {at[9], at[10], at[11], 0};
        char wanted[12];
        snprintf(wanted, sizeof wanted, "%u", count < 4 ? codes[count] : 0);
        expect_text("code", slice_text(code), wanted);
        count++;
    }
    if (count < 4) expect_u64("no more", codes[count], 0);
}

static void send_row(size_t i, size_t step)
{
    const slice text = slice_text(rows[i].text);
    const int client = bench_connect(&bench);
    for (size_t at = 0; at < text.size; at += step)
        bench_send(&bench, client, slice_part(text, at, step));
    const char *received = bench_receive(&bench, client);
    expect_codes(received, rows[i].codes);
    expect_true("ended", bench_is_ended(&bench, client) == rows[i].is_ended);
    if (rows[i].is_ended) expect_true("says so", strstr(received, "Connection: close\r\n") != NULL);
    close(client);
    bench_turn(&bench);
}

static void requests(void)
{
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        send_row(i, 100000);
    }
    expect_u64("nothing is left", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    bench_close(&bench);
}

/* What a text in C cannot hold. */
static void zero_bytes(void)
{
    static const struct {
        const char *name, *before, *after;
    } cases[] = {
        {"in a length", POST "Content-Length: 19", "5\r\n\r\n" BODY NEXT},
        {"in a coding", POST "Transfer-Encoding: chunked", "x\r\n\r\n" CHUNKS NEXT},
        {"in a name", POST "Transfer-Encoding", ": chunked\r\n" LENGTH "\r\n" BODY NEXT},
        {"in a value", POST "X-A: b", "c\r\n" LENGTH "\r\n" BODY NEXT},
        {"in a token", POST "Authorization: Bearer token", "junk\r\n" LENGTH "\r\n" BODY NEXT},
        {"in a target", "GET /ok", "/../v1 HTTP/1.1\r\n" H "\r\n" NEXT},
        {"in a method", "GET", " /ok HTTP/1.1\r\n" H "\r\n" NEXT},
        {"in a host", "GET /ok HTTP/1.1\r\nHost: x", "\r\n\r\n" NEXT},
        {"in a chunk line", POST CHUNKED "\r\n13", "\r\n" BODY "\r\n0\r\n\r\n" NEXT},
        {"in an extension", POST CHUNKED "\r\n13;a", "\r\n" BODY "\r\n0\r\n\r\n" NEXT},
        {"in a trailer", POST CHUNKED "\r\n13\r\n" BODY "\r\n0\r\nX: y", "\r\n\r\n" NEXT},
    };
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        static const unsigned codes[4] = {400};
        uint8_t memory[1024];
        struct builder text;
        runner_row(cases[i].name);
        builder_init(&text, memory, sizeof memory);
        builder_put_text(&text, cases[i].before);
        builder_put_u8(&text, 0);
        builder_put_text(&text, cases[i].after);
        const int client = bench_connect(&bench);
        bench_send(&bench, client, builder_view(&text));
        expect_codes(bench_receive(&bench, client), codes);
        expect_true("ended", bench_is_ended(&bench, client));
        close(client);
    }
    bench_turn(&bench);
    bench_close(&bench);
}

/* However the bytes arrive, what comes of them is the same. */
static void cut_anywhere(void)
{
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (size_t step = 1; !rows[i].is_whole && step < strlen(rows[i].text);
             step += 1 + step / 3) {
            runner_row_at(rows[i].name, step);
            send_row(i, step);
        }
        bench.notes[0] = 0;
    }
    expect_u64("nothing is left", bench_counter(&bench, COUNTERS_CONNECTIONS), 0);
    expect_u64("no body", bench_counter(&bench, COUNTERS_BODY_MEMORY), 0);
    expect_u64("no request", bench_counter(&bench, COUNTERS_SMALL_USED), 0);
    bench_close(&bench);
}

/* A client that waits to be told is told, unless it need not go on. */
static void expectations(void)
{
    static const struct {
        const char *name, *head, *first;
        const char *body, *second;
    } cases[] = {
        {"told", POST LENGTH "Expect: 100-continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", BODY,
         "HTTP/1.1 200 OK\r\n"},
        {"in capitals", POST LENGTH "EXPECT: 100-CONTINUE\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
         BODY, "HTTP/1.1 200 OK\r\n"},
        {"in chunks", POST CHUNKED "Expect: 100-continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
         CHUNKS, "HTTP/1.1 200 OK\r\n"},
        {"too large", POST "Content-Length: 262145\r\nExpect: 100-continue\r\n\r\n",
         "HTTP/1.1 413 Content Too Large\r\n", NULL, NULL},
        {"refused", "POST /refuse HTTP/1.1\r\n" H LENGTH "Expect: 100-continue\r\n\r\n",
         "HTTP/1.1 401 Unauthorized\r\n", NULL, NULL},
        {"in HTTP/1.0", "POST /echo HTTP/1.0\r\n" LENGTH "Expect: 100-continue\r\n\r\n", "", BODY,
         "HTTP/1.1 200 OK\r\n"},
    };
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        runner_row(cases[i].name);
        const int client = bench_connect(&bench);
        bench_send_text(&bench, client, cases[i].head);
        const char *received = bench_receive(&bench, client);
        expect_text("first", slice_part(slice_text(received), 0, strlen(cases[i].first)),
                    cases[i].first);
        expect_u64("one head",
                   bench_count(received, 100) + bench_count(received, 413) +
                       bench_count(received, 401),
                   cases[i].first[0] ? 1 : 0);
        if (cases[i].body) {
            bench_send_text(&bench, client, cases[i].body);
            expect_true("second", strstr(bench_receive(&bench, client), cases[i].second) != NULL);
        }
        close(client);
    }
    bench_turn(&bench);
    bench_close(&bench);
}

/* A text of `size` bytes that begins with `start` and ends with `end`. */
static slice padded(char *text, const char *start, size_t size, const char *end)
{
    memset(text, 'p', size);
    memcpy(text, start, strlen(start));
    memcpy(text + size - strlen(end), end, strlen(end));
    return slice_of(text, size);
}

/* Sends all of it, however slowly it is taken, and returns what is answered. */
static const char *ask_long(slice text)
{
    const int client = bench_connect(&bench);
    while (text.size > 0) {
        const size_t sent = bench_send(&bench, client, text);
        if (sent == 0) break;
        text = slice_part(text, sent, text.size);
    }
    const char *received = bench_receive(&bench, client);
    close(client);
    bench_turn(&bench);
    return received;
}

static void head_sizes(void)
{
    static char text[SERVE_HEAD_SIZE_MAX + 64];
    static const struct {
        const char *name, *start;
        size_t size;
        const char *end;
        unsigned code;
    } cases[] = {
        {"as large as a block", "GET /ok HTTP/1.1\r\n" H "X: ", INTAKE_BLOCK_SIZE, "\r\n\r\n", 200},
        {"one byte more", "GET /ok HTTP/1.1\r\n" H "X: ", INTAKE_BLOCK_SIZE + 1, "\r\n\r\n", 200},
        {"largest", "GET /ok HTTP/1.1\r\n" H "X: ", SERVE_HEAD_SIZE_MAX, "\r\n\r\n", 200},
        {"too large", "GET /ok HTTP/1.1\r\n" H "X: ", SERVE_HEAD_SIZE_MAX + 1, "\r\n\r\n", 431},
        {"without an end", "GET /ok HTTP/1.1\r\n" H "X: ", SERVE_HEAD_SIZE_MAX, "p", 431},
        {"first line without an end", "GET /", SERVE_HEAD_SIZE_MAX, "p", 414},
        {"longest target", "GET /ok?", HTTP_TARGET_SIZE_MAX + 4 + 22,
         " HTTP/1.1\r\nHost: x\r\n\r\n", 404},
    };
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        runner_row(cases[i].name);
        const slice head = padded(text, cases[i].start, cases[i].size, cases[i].end);
        expect_u64("answers", bench_count(ask_long(head), cases[i].code), 1);
    }
    /* The version and the Host behind the target have 22 bytes. */
    const slice long_target =
        padded(text, "GET /ok?", HTTP_TARGET_SIZE_MAX + 5 + 22 + 1, " HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_u64("too long a target", bench_count(ask_long(long_target), 414), 1);
    bench_close(&bench);
}

static void many_headers_and_parameters(void)
{
    static char text[SERVE_HEAD_SIZE_MAX];
    static const size_t counts[] = {HTTP_HEADER_COUNT_MAX, HTTP_HEADER_COUNT_MAX + 1, 400};
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct builder head;
        builder_init(&head, text, sizeof text);
        builder_put_text(&head, "GET /ok HTTP/1.1\r\nHost: x\r\n");
        for (size_t k = 1; k < counts[i]; k++) builder_put_text(&head, "X: y\r\n");
        builder_put_text(&head, "\r\n");
        runner_row_at("headers", counts[i]);
        expect_u64("code", bench_count(ask_long(builder_view(&head)), i == 0 ? 200 : 431), 1);
    }
    struct builder head;
    builder_init(&head, text, sizeof text);
    builder_put_text(&head, "GET /ok?");
    for (size_t k = 0; k < 200; k++) builder_put_text(&head, "&a=1");
    builder_put_text(&head, " HTTP/1.1\r\nHost: x\r\n\r\n");
    runner_row("200 parameters are the program's");
    expect_u64("code", bench_count(ask_long(builder_view(&head)), 404), 1);
    bench_close(&bench);
}

/* Bodies on both sides of each limit, with a length and in chunks. */
static void body_sizes(void)
{
    static char text[SERVE_BODY_SIZE_MAX + 4096];
    static const size_t sizes[] = {0, 1, 1900, 2000, 2048, 4096, 4097, 60000, SERVE_BODY_SIZE_MAX};
    bench_init(&bench);
    bench_open(&bench);
    for (size_t i = 0; i < 2 * ARRAY_COUNT(sizes); i++) {
        const size_t size = sizes[i / 2];
        const bool is_chunked = i % 2 == 1;
        struct builder message;
        char line[32];
        builder_init(&message, text, sizeof text);
        runner_row_at(is_chunked ? "chunked" : "length", size);
        builder_put_text(&message, "POST /echo HTTP/1.1\r\nHost: x\r\n");
        snprintf(line, sizeof line, is_chunked ? "%zx\r\n" : "Content-Length: %zu\r\n", size);
        if (is_chunked) builder_put_text(&message, "Transfer-Encoding: chunked\r\n\r\n");
        if (!is_chunked || size > 0) builder_put_text(&message, line);
        if (!is_chunked) builder_put_text(&message, "\r\n");
        for (size_t k = 0; k < size; k++) builder_put_u8(&message, (uint8_t)('a' + k % 26));
        if (is_chunked) builder_put_text(&message, size > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
        const char *received = ask_long(builder_view(&message));
        const char *body = strstr(received, "\r\n\r\n");
        expect_u64("code", bench_count(received, 200), 1);
        if (!expect_true("body", body != NULL)) continue;
        expect_u64("its size", strlen(body + 4), size);
        for (size_t k = 0; k < size; k++) {
            if (!expect_true("its bytes", body[4 + k] == (char)('a' + k % 26))) break;
        }
    }
    expect_u64("no pages are left", bench_counter(&bench, COUNTERS_BODY_MEMORY), 0);
    bench_close(&bench);
}

static void endless_chunks(void)
{
    static char chunk[1030];
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    memcpy(chunk, "400\r\n", 5);
    memset(chunk + 5, ' ', 1024);
    bench_send_text(&bench, client, POST CHUNKED "\r\n");
    for (size_t i = 0; i < 256; i++) {
        bench_send(&bench, client, slice_of(chunk, 1029));
        bench_send_text(&bench, client, "\r\n");
    }
    expect_text("as much as is allowed", slice_text(bench_receive(&bench, client)), "");
    bench_send(&bench, client, slice_of(chunk, 1029));
    expect_u64("too large", bench_count(bench_receive(&bench, client), 413), 1);
    expect_true("ended", bench_is_ended(&bench, client));
    expect_u64("no pages are left", bench_counter(&bench, COUNTERS_BODY_MEMORY), 0);
    close(client);
    bench_close(&bench);
}

/* While one request is under way the next ones wait unread, and are answered in order. */
static void pipelining(void)
{
    bench_init(&bench);
    bench_open(&bench);
    const int client = bench_connect(&bench);
    bench_send_text(&bench, client,
                    "GET /keep HTTP/1.1\r\n" H "\r\nGET /keep HTTP/1.1\r\n" H "\r\n" NEXT);
    bench_send_text(&bench, client, NEXT);
    expect_u64("one at a time", bench.parked_count, 1);
    bench_answer(&bench, 201, slice_text("first"));
    expect_u64("the next", bench.parked_count, 1);
    bench_answer(&bench, 202, slice_text("second"));
    const char *received = bench_receive(&bench, client);
    const char *first = strstr(received, "first"), *second = strstr(received, "second");
    expect_true("in order", first && second && first < second);
    expect_u64("and the others", bench_count(received, 200), 2);
    expect_text("each ended", slice_text(bench.notes),
                "ANSWERED 201 /keep\nANSWERED 202 /keep\nANSWERED 200 /ok\nANSWERED 200 /ok\n");
    close(client);
    bench_close(&bench);
}

/* Without memory a request waits; those that need another kind pass it. */
static void waits_for_memory(void)
{
    bench_init(&bench);
    bench.limits.request_count = 2;
    bench_open(&bench);
    int clients[5];
    for (size_t i = 0; i < 5; i++) {
        clients[i] = bench_connect(&bench);
        bench_send_text(&bench, clients[i], "GET /keep HTTP/1.1\r\n" H "\r\n");
    }
    expect_u64("two are handled", bench.parked_count, 2);
    expect_u64("three wait", bench_counter(&bench, COUNTERS_WAITING), 3);
    expect_u64("a probe does not",
               bench_count(bench_ask(&bench, "GET /probe HTTP/1.1\r\n" H "\r\n"), 200), 1);
    bench_answer(&bench, 200, slice_text("0"));
    expect_u64("one more", bench.parked_count, 2);
    expect_true("in the order of coming",
                strstr(bench_receive(&bench, clients[0]), "\r\n\r\n0") != NULL);
    close(clients[3]); /* it leaves while it waits */
    bench_turn(&bench);
    for (size_t i = 1; i < 5; i++) bench_answer(&bench, 200, slice_text("x"));
    expect_u64("all were handled", bench.handled_count, 6);
    expect_u64("nobody was refused", bench_counter(&bench, COUNTERS_REFUSED_SMALL), 0);
    expect_u64("one was gone", bench_counter(&bench, COUNTERS_CLIENT_GONE), 1);
    expect_u64("nobody waits", bench_counter(&bench, COUNTERS_WAITING), 0);
    for (size_t i = 0; i < 5; i++)
        if (i != 3) close(clients[i]);
    bench_turn(&bench);
    bench_close(&bench);
}

/* Bodies that arrive take pages and nothing else; without pages they wait, and the first can end. */
static void bodies_starve(void)
{
    static char body[SERVE_BODY_SIZE_MAX];
    int clients[4];
    size_t sent[4] = {0};
    bench_init(&bench);
    bench.limits.body_memory_size = 2 * (size_t)SERVE_BODY_SIZE_MAX + 16384;
    bench_open(&bench);
    memset(body, 'b', sizeof body);
    for (size_t i = 0; i < 4; i++) {
        clients[i] = bench_connect(&bench);
        bench_send_text(&bench, clients[i],
                        "POST /large HTTP/1.1\r\n" H "Content-Length: 262144\r\n\r\n");
    }
    expect_u64("large memory is not taken before", bench_counter(&bench, COUNTERS_LARGE_USED), 0);
    /* All but the last byte of each, as far as they are taken. */
    for (size_t round = 0; round < 64; round++) {
        for (size_t i = 0; i < 4; i++) {
            sent[i] += bench_send(&bench, clients[i],
                                  slice_part(slice_of(body, sizeof body - 1), sent[i], 65536));
        }
    }
    expect_u64("the first has all of its place", sent[0], sizeof body - 1);
    expect_true("another waits", bench.shard.home.starved.first != NULL);
    expect_u64("none is whole", bench.handled_count, 0);
    expect_true("bounded",
                bench_counter(&bench, COUNTERS_BODY_MEMORY) <= bench.limits.body_memory_size);
    for (size_t i = 0; i < 4; i++) {
        while (sent[i] < sizeof body) {
            const size_t more = bench_send(&bench, clients[i],
                                           slice_part(slice_of(body, sizeof body), sent[i], 65536));
            if (!expect_true("goes on", more > 0)) break;
            sent[i] += more;
        }
        runner_row_at("client", i);
        const char *received = bench_receive(&bench, clients[i]);
        expect_u64("answered", bench_count(received, 200), 1);
        close(clients[i]);
    }
    bench_turn(&bench);
    expect_u64("no pages are left", bench_counter(&bench, COUNTERS_BODY_MEMORY), 0);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"requests", requests},
        {"zero bytes", zero_bytes},
        {"cut anywhere", cut_anywhere},
        {"expectations", expectations},
        {"head sizes", head_sizes},
        {"many headers and parameters", many_headers_and_parameters},
        {"body sizes", body_sizes},
        {"endless chunks", endless_chunks},
        {"pipelining", pipelining},
        {"waits for memory", waits_for_memory},
        {"bodies starve", bodies_starve},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
