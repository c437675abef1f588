#include "http/reader.h"

#include <string.h>

#include "runner.h"

enum { MEMORY_SIZE = 64 * 1024 };

static uint8_t memory[MEMORY_SIZE];

static void feed(struct http_reader *reader, slice text)
{
    size_t size = 0;
    uint8_t *space = http_reader_space(reader, &size);
    if (text.size > size) text.size = size;
    memcpy(space, text.bytes, text.size);
    http_reader_add(reader, text.size);
}

/* One request a row. A row without refusal and body is not complete. */
static const struct {
    const char *name, *text, *body, *refusal;
} request_rows[] = {
    {"smallest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", NULL},
    {"not complete", "GET / HTTP/1.1\r\nHost: a\r\n", NULL, NULL},
    {"length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "abc", NULL},
    {"length zero", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "", NULL},
    {"body cut", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", NULL, NULL},
    {"no blank after the colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", "", NULL},
    {"tabs around a value", "GET / HTTP/1.1\r\nHost:\t a \t\r\n\r\n", "", NULL},
    {"empty value", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", "", NULL},
    {"bytes above ASCII in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n", "", NULL},
    {"chunks",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nabc\r\n0a;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
     "abc0123456789", NULL},
    {"no chunk", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "",
     NULL},
    {"trailer",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1\r\na\r\n0\r\nX: y\r\n\r\n",
     "a", NULL},
    {"cut in a chunk",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r", NULL, NULL},
    {"cut before the last line",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", NULL, NULL},
    {"longest method", "ABCDEFGHIJKLMNOP / HTTP/1.1\r\nHost: a\r\n\r\n", "", NULL},

    {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: must not begin with an empty line"},
    {"line feed alone", "GET / HTTP/1.1\nHost: a\r\n\r\n", NULL, "http: a line must end in CR LF"},
    {"line feed alone at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", NULL,
     "http: a line must end in CR LF"},
    {"line feed first", "\n", NULL, "http: a line must end in CR LF"},
    {"carriage return in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", NULL,
     "http: a header has a control character"},
    {"delete in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", NULL,
     "http: a header has a control character"},
    {"folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", NULL,
     "http: a header line must not be folded"},
    {"folded with a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb: c\r\n\r\n", NULL,
     "http: a header line must not be folded"},
    {"blank before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", NULL,
     "http: a header's name is not a token"},
    {"no name", "GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n", NULL,
     "http: a header's name is not a token"},
    {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", NULL,
     "http: a header line has no colon"},
    {"no host", "GET / HTTP/1.1\r\n\r\n", NULL, "http: a request must have exactly one Host"},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", NULL,
     "http: a request must have exactly one Host"},
    {"two lengths",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", NULL,
     "http: has more than one Content-Length"},
    {"two equal lengths",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\nabc", NULL,
     "http: has more than one Content-Length"},
    {"list of lengths", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", NULL,
     "http: Content-Length is not a plain number"},
    {"length with a sign", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", NULL,
     "http: Content-Length is not a plain number"},
    {"negative length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nabc", NULL,
     "http: Content-Length is not a plain number"},
    {"length in hex", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", NULL,
     "http: Content-Length is not a plain number"},
    {"empty length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", NULL,
     "http: Content-Length is not a plain number"},
    {"length of 2^64", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n",
     NULL, "http: Content-Length is not a plain number"},
    {"length beyond memory",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n", NULL,
     "http: body is too long"},
    {"length and chunks",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     NULL, "http: has both Content-Length and Transfer-Encoding"},
    {"two encodings",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "identity\r\n\r\n0\r\n\r\n",
     NULL, "http: has more than one Transfer-Encoding"},
    {"list of encodings",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", NULL,
     "http: Transfer-Encoding must be chunked"},
    {"encoding with a tail",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", NULL,
     "http: Transfer-Encoding must be chunked"},
    {"chunks in HTTP/1.0",
     "PUT / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", NULL,
     "http: HTTP/1.0 has no Transfer-Encoding"},
    {"chunk without a size",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n", NULL,
     "http: a chunk's size is not plain hex"},
    {"chunk with a prefix",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", NULL,
     "http: a chunk's size is not plain hex"},
    {"chunk with a blank",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n", NULL,
     "http: a chunk's size is not plain hex"},
    {"chunk of 2^64",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", NULL,
     "http: body is too long"},
    {"chunk longer than it says",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", NULL,
     "http: a chunk must end in CR LF"},
    {"chunk size in capitals",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
     "0123456789", NULL},
    {"chunk size beyond hex",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nG\r\n", NULL,
     "http: a chunk's size is not plain hex"},
    {"chunk that ends in a line feed alone",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n\n0\r\n\r\n", NULL,
     "http: a chunk must end in CR LF"},
    {"chunk that ends in a carriage return alone",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\r0\r\n\r\n", NULL,
     "http: a chunk must end in CR LF"},
    {"trailer line with a line feed alone",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n", NULL,
     "http: a line must end in CR LF"},
    {"chunk line with a line feed alone",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", NULL,
     "http: a line must end in CR LF"},
    {"control character in an extension",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;\x01\r\nab\r\n", NULL,
     "http: a chunk line has a control character"},
    {"trailer that is no header",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nGET / HTTP/1.1\r\n\r\n",
     NULL, "http: a header's name is not a token"},
    {"trailer without a colon",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n", NULL,
     "http: a header line has no colon"},
    {"trailer that is folded",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n", NULL,
     "http: a header line must not be folded"},
    {"control character in a trailer",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: \x01\r\n\r\n", NULL,
     "http: a header has a control character"},
    {"carriage return alone in a chunk line",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\rx", NULL,
     "http: a line must end in CR LF"},
    {"carriage return alone at the body's end",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\rx", NULL,
     "http: a line must end in CR LF"},
    {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", NULL, "http: method is not a token"},
    {"method too long", "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: method is too long"},
    {"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: target must be a path of visible characters"},
    {"absolute target", "GET http://a:80/ HTTP/1.1\r\nHost: A:80\r\n\r\n", "", NULL},
    {"absolute target without a path", "GET HTTPS://a HTTP/1.1\r\nHost: a\r\n\r\n", "", NULL},
    {"absolute target of another host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: Host and the target's host differ"},
    {"absolute target without a host", "GET http:///x HTTP/1.1\r\nHost:\r\n\r\n", NULL,
     "http: target's host is not a name and a port"},
    {"absolute target with a user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: target's host is not a name and a port"},
    {"absolute target with a query and no path", "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: target's host is not a name and a port"},
    {"another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: target must be a path of visible characters"},
    {"authority", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: target must be a path of visible characters"},
    {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "", NULL},
    {"asterisk with another method", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: target must be a path of visible characters"},
    {"HTTP/1.0 without a host", "GET / HTTP/1.0\r\n\r\n", "", NULL},
    {"HTTP/1.0 with two hosts", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", NULL,
     "http: a request must have exactly one Host"},
    {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "", NULL},
    {"list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", NULL,
     "http: Host must be a name and a port"},
    {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", NULL,
     "http: Host must be a name and a port"},
    {"host in brackets", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "", NULL},
    {"control character in the target", "GET /\t HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: target must be a path of visible characters"},
    {"bytes above ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: target must be a path of visible characters"},
    {"two blanks before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: version must be HTTP/1.1 or HTTP/1.0"},
    {"no version", "GET /\r\nHost: a\r\n\r\n", NULL, "http: version must be HTTP/1.1 or HTTP/1.0"},
    {"version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", NULL,
     "http: version must be HTTP/1.1 or HTTP/1.0"},
    {"version 2", "PRI / HTTP/2.0\r\nHost: a\r\n\r\n", NULL,
     "http: version must be HTTP/1.1 or HTTP/1.0"},
};

static void requests(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(request_rows); i++) {
        runner_row(request_rows[i].name);
        struct http_reader reader;
        struct http_request request;
        bool is_done = true;
        http_reader_init(&reader, memory, sizeof memory);
        feed(&reader, slice_text(request_rows[i].text));
        const status got = http_reader_request(&reader, &request, &is_done);
        if (!expect_outcome("request", got, request_rows[i].refusal)) continue;
        if (!expect_true("done", is_done == (request_rows[i].body != NULL))) continue;
        if (is_done) expect_text("body", request.body, request_rows[i].body);
    }
}

/* However the bytes arrive, the outcome is the same, and never another one before. */
static void requests_byte_by_byte(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(request_rows); i++) {
        runner_row(request_rows[i].name);
        const slice text = slice_text(request_rows[i].text);
        struct http_reader reader;
        struct http_request request;
        bool is_done = false;
        status got = status_ok();
        http_reader_init(&reader, memory, sizeof memory);
        for (size_t at = 0; at < text.size && status_is_ok(got); at++) {
            if (!expect_true("not done before the end", !is_done)) break;
            feed(&reader, slice_part(text, at, 1));
            got = http_reader_request(&reader, &request, &is_done);
        }
        if (!expect_outcome("request", got, request_rows[i].refusal)) continue;
        if (!expect_true("done", is_done == (request_rows[i].body != NULL))) continue;
        if (is_done) expect_text("body", request.body, request_rows[i].body);
    }
}

static const struct {
    const char *name, *method, *text, *body, *refusal;
} response_rows[] = {
    {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", NULL},
    {"no reason", "GET", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "", NULL},
    {"not even a blank", "GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "", NULL},
    {"chunks", "GET", "HTTP/1.1 500 E\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
     "ok", NULL},
    {"to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "", NULL},
    {"to HEAD without a length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", "", NULL},
    {"no content", "GET", "HTTP/1.1 204 N\r\n\r\n", "", NULL},
    {"not modified", "GET", "HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n", "", NULL},
    {"after an interim one", "GET",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", NULL},
    {"interim only", "GET", "HTTP/1.1 103 Early Hints\r\n\r\n", NULL, NULL},
    {"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", NULL},
    {"cut", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", NULL, NULL},
    {"highest code", "GET", "HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n", "", NULL},

    {"line feed alone", "GET", "HTTP/1.1 200 OK\n", NULL, "http: a line must end in CR LF"},
    {"chunk beyond hex", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", NULL,
     "http: a chunk's size is not plain hex"},
    {"no length", "GET", "HTTP/1.1 200 OK\r\n\r\n", NULL,
     "http: a response must say how long its body is"},
    {"code of two digits", "GET", "HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n", NULL,
     "http: status code must be 100 to 599"},
    {"code too high", "GET", "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", NULL,
     "http: status code must be 100 to 599"},
    {"code with a leading zero", "GET", "HTTP/1.1 020 X\r\nContent-Length: 0\r\n\r\n", NULL,
     "http: status code must be 100 to 599"},
    {"code of four digits", "GET", "HTTP/1.1 2000 X\r\nContent-Length: 0\r\n\r\n", NULL,
     "http: status code must be 100 to 599"},
    {"switching", "GET", "HTTP/1.1 101 S\r\n\r\n", NULL,
     "http: switching protocols is not supported"},
    {"reason with a control character", "GET", "HTTP/1.1 200 \x01\r\nContent-Length: 0\r\n\r\n",
     NULL, "http: reason has a control character"},
    {"garbage", "GET", "SSH-2.0-x\r\n\r\n", NULL, "http: version must be HTTP/1.1 or HTTP/1.0"},
    {"length twice", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
     NULL, "http: has more than one Content-Length"},
};

static void responses(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(response_rows); i++) {
        const slice text = slice_text(response_rows[i].text);
        for (size_t step = 1; step <= text.size; step += text.size - 1) {
            runner_row(response_rows[i].name);
            struct http_reader reader;
            struct http_response response;
            bool is_done = false;
            status got = status_ok();
            http_reader_init(&reader, memory, sizeof memory);
            for (size_t at = 0; at < text.size && status_is_ok(got); at += step) {
                feed(&reader, slice_part(text, at, step));
                got = http_reader_response(&reader, slice_text(response_rows[i].method), &response,
                                           &is_done);
            }
            if (!expect_outcome("response", got, response_rows[i].refusal)) continue;
            if (!expect_true("done", is_done == (response_rows[i].body != NULL))) continue;
            if (is_done) expect_text("body", response.body, response_rows[i].body);
        }
    }
}

static void pipelined(void)
{
    struct http_reader reader;
    struct http_request request;
    bool is_done = false;
    http_reader_init(&reader, memory, sizeof memory);
    expect_true("empty", http_reader_is_empty(&reader));
    feed(&reader, slice_text("PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "1\r\na\r\n0\r\n\r\n"
                             "PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nbc"
                             "GET /3 HTTP/1.1\r\nHost: a\r\n\r"));
    expect_true("not empty", !http_reader_is_empty(&reader));
    expect_ok("first", http_reader_request(&reader, &request, &is_done));
    expect_text("first target", request.target, "/1");
    expect_true("more follows", http_reader_has_more(&reader));
    http_reader_next(&reader);
    expect_ok("second", http_reader_request(&reader, &request, &is_done));
    expect_text("second target", request.target, "/2");
    expect_text("second body", request.body, "bc");
    http_reader_next(&reader);
    expect_ok("third", http_reader_request(&reader, &request, &is_done));
    expect_true("third is not complete", !is_done);
    feed(&reader, slice_text("\n"));
    expect_ok("third", http_reader_request(&reader, &request, &is_done));
    expect_true("third is complete", is_done);
    expect_true("nothing follows", !http_reader_has_more(&reader));
    http_reader_next(&reader);
    expect_true("nothing left", http_reader_is_empty(&reader));
}

/* A request whose head has exactly `head_size` bytes. */
static slice request_of_head(uint8_t *text, size_t head_size)
{
    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    memset(text, 'x', head_size);
    memcpy(text, start, sizeof start - 1);
    memcpy(text + head_size - 4, "\r\n\r\n", 4);
    return slice_of(text, head_size);
}

static status read_request(slice text, size_t size_max, struct http_request *request, bool *is_done)
{
    struct http_reader reader;
    http_reader_init(&reader, memory, size_max);
    feed(&reader, text);
    return http_reader_request(&reader, request, is_done);
}

static void head_limits(void)
{
    static uint8_t text[HTTP_HEAD_SIZE_MAX + 1];
    struct http_request request;
    bool is_done = false;
    expect_ok("longest head", read_request(request_of_head(text, HTTP_HEAD_SIZE_MAX), MEMORY_SIZE,
                                           &request, &is_done));
    expect_true("is done", is_done);
    expect_refused("one byte more",
                   read_request(request_of_head(text, HTTP_HEAD_SIZE_MAX + 1), MEMORY_SIZE,
                                &request, &is_done),
                   "http: head is too long");
    memset(text, 'x', sizeof text);
    expect_ok("no line yet",
              read_request(slice_of(text, HTTP_HEAD_SIZE_MAX), MEMORY_SIZE, &request, &is_done));
    expect_refused(
        "no line ever",
        read_request(slice_of(text, HTTP_HEAD_SIZE_MAX + 1), MEMORY_SIZE, &request, &is_done),
        "http: head is too long");
    expect_ok("fits exactly", read_request(request_of_head(text, 100), 100, &request, &is_done));
    expect_refused("memory full without an end",
                   read_request(request_of_head(text, 100), 99, &request, &is_done),
                   "http: does not fit");
}

static void target_limits(void)
{
    static uint8_t text[HTTP_TARGET_SIZE_MAX + 64];
    static const char end[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t more = 0; more < 2; more++) {
        struct http_request request;
        bool is_done = false;
        const size_t target_size = HTTP_TARGET_SIZE_MAX + more;
        memcpy(text, "GET /", 5);
        memset(text + 5, 'x', target_size - 1);
        memcpy(text + 4 + target_size, end, sizeof end - 1);
        expect_outcome("target",
                       read_request(slice_of(text, 4 + target_size + sizeof end - 1), MEMORY_SIZE,
                                    &request, &is_done),
                       more == 0 ? NULL : "http: target is too long");
    }
}

static void header_limits(void)
{
    for (size_t count = HTTP_HEADER_COUNT_MAX; count <= HTTP_HEADER_COUNT_MAX + 1; count++) {
        uint8_t text[1024];
        struct builder builder;
        struct http_request request;
        bool is_done = false;
        builder_init(&builder, text, sizeof text);
        builder_put_text(&builder, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (size_t i = 1; i < count; i++) builder_put_text(&builder, "X: y\r\n");
        builder_put_text(&builder, "\r\n");
        expect_outcome("headers",
                       read_request(builder_view(&builder), MEMORY_SIZE, &request, &is_done),
                       count <= HTTP_HEADER_COUNT_MAX ? NULL : "http: has too many headers");
    }
}

static void body_limits(void)
{
    static const char text[] = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";
    const size_t head_size = sizeof text - 1;
    struct http_request request;
    bool is_done = false;
    expect_ok("fits", read_request(slice_text(text), head_size + 10, &request, &is_done));
    expect_refused("does not", read_request(slice_text(text), head_size + 9, &request, &is_done),
                   "http: body is too long");
}

static void chunk_line_limits(void)
{
    static const char head[] = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (size_t more = 0; more < 2; more++) {
        uint8_t text[512];
        struct http_request request;
        bool is_done = false;
        const size_t start = sizeof head - 1, line_size = HTTP_CHUNK_LINE_SIZE_MAX + more;
        memcpy(text, head, start);
        memset(text + start, 'x', line_size);
        memcpy(text + start, "0;", 2);
        memcpy(text + start + line_size - 2, "\r\n\r\n", 4);
        expect_outcome(
            "chunk line",
            read_request(slice_of(text, start + line_size + 2), MEMORY_SIZE, &request, &is_done),
            more == 0 ? NULL : "http: a chunk line is too long");
    }
}

static void trailer_limits(void)
{
    static const char head[] =
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    static uint8_t text[HTTP_HEAD_SIZE_MAX + 256];
    for (size_t more = 0; more < 2; more++) {
        struct http_request request;
        bool is_done = false;
        const size_t start = sizeof head - 1, trailer_size = HTTP_HEAD_SIZE_MAX + more;
        memcpy(text, head, start);
        memset(text + start, 'x', trailer_size);
        memcpy(text + start, "X:", 2);
        memcpy(text + start + 100, "\r\nY:", 4); /* the limit counts all lines together */
        memcpy(text + start + trailer_size - 4, "\r\n\r\n", 4);
        expect_outcome(
            "trailer",
            read_request(slice_of(text, start + trailer_size), MEMORY_SIZE, &request, &is_done),
            more == 0 ? NULL : "http: trailer is too long");
    }
}

static void interim_limits(void)
{
    for (size_t count = HTTP_INTERIM_COUNT_MAX; count <= HTTP_INTERIM_COUNT_MAX + 1; count++) {
        struct http_reader reader;
        struct http_response response;
        bool is_done = false;
        http_reader_init(&reader, memory, sizeof memory);
        for (size_t i = 0; i < count; i++) feed(&reader, slice_text("HTTP/1.1 102 P\r\n\r\n"));
        expect_outcome("interim responses",
                       http_reader_response(&reader, slice_text("GET"), &response, &is_done),
                       count <= HTTP_INTERIM_COUNT_MAX ? NULL : "http: too many interim responses");
        if (count <= HTTP_INTERIM_COUNT_MAX) {
            expect_true("a reply has begun", !http_reader_is_empty(&reader));
        }
    }
}

static void last_message(void)
{
    static const struct {
        const char *name, *text;
        bool is_last;
    } rows[] = {
        {"1.1 goes on", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false},
        {"1.0 does not", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", true},
        {"1.0 that asks", "GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", false},
        {"1.0 that asks for both",
         "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", true},
        {"1.1 that asks for both",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", true},
        {"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", true},
        {"close in a list", "GET / HTTP/1.1\r\nHost: a\r\nConnection: te , close\r\n\r\n", true},
        {"close in a second header",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: te\r\nConnection: close\r\n\r\n", true},
        {"something else", "GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_request request = {0};
        bool is_done = false;
        runner_row(rows[i].name);
        expect_ok("request",
                  read_request(slice_text(rows[i].text), MEMORY_SIZE, &request, &is_done));
        expect_true("last", request.is_last == rows[i].is_last);
    }
}

/* The detail of a refusal is the code for its answer; 0 stands for 400. */
static void codes(void)
{
    static const struct {
        const char *name, *text;
        int64_t code;
    } rows[] = {
        {"version 2", "GET / HTTP/2.0\r\n\r\n", 505},
        {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"no version", "GET /\r\n\r\n", 0},
        {"not one", "GET / HTTP/1.x\r\n\r\n", 0},
        {"long method", "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"long body", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413},
        {"long chunk", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
         413},
        {"no host", "GET / HTTP/1.1\r\n\r\n", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_request request;
        bool is_done;
        runner_row(rows[i].name);
        const status got = read_request(slice_text(rows[i].text), MEMORY_SIZE, &request, &is_done);
        expect_true("refused", !status_is_ok(got));
        expect_u64("code", (uint64_t)got.detail, (uint64_t)rows[i].code);
    }
}

static void absolute_targets(void)
{
    struct http_request request;
    bool is_done;
    expect_ok("path", read_request(slice_text("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n"),
                                   MEMORY_SIZE, &request, &is_done));
    expect_text("is what is left", request.target, "/b?c");
    expect_ok("no path", read_request(slice_text("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
                                      MEMORY_SIZE, &request, &is_done));
    expect_text("is the root", request.target, "/");
}

static void printed_reads_back(void)
{
    uint8_t text[512];
    struct builder builder;
    struct http_reader reader;
    struct http_response read, response = {.code = 404,
                                           .reason = slice_text("Not Found"),
                                           .body = slice_text("gone"),
                                           .is_last = true};
    bool is_done = false;
    expect_ok("add", http_headers_add(&response.headers, slice_text("X"), slice_text("y z")));
    builder_init(&builder, text, sizeof text);
    expect_ok("print", http_response_print(&response, &builder));
    http_reader_init(&reader, memory, sizeof memory);
    feed(&reader, builder_view(&builder));
    expect_ok("read", http_reader_response(&reader, slice_text("GET"), &read, &is_done));
    expect_u64("code", read.code, 404);
    expect_text("reason", read.reason, "Not Found");
    expect_text("body", read.body, "gone");
    expect_true("last", read.is_last);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"requests", requests},
        {"requests byte by byte", requests_byte_by_byte},
        {"responses", responses},
        {"pipelined", pipelined},
        {"head limits", head_limits},
        {"target limits", target_limits},
        {"header limits", header_limits},
        {"body limits", body_limits},
        {"chunk line limits", chunk_line_limits},
        {"trailer limits", trailer_limits},
        {"interim limits", interim_limits},
        {"last message", last_message},
        {"codes", codes},
        {"absolute targets", absolute_targets},
        {"printed reads back", printed_reads_back},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
