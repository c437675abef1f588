#include "http/message.h"

#include <string.h>

#include "runner.h"

static void headers(void)
{
    struct http_headers headers;
    slice value = {0};
    http_headers_init(&headers);
    expect_ok("add", http_headers_add(&headers, slice_text("X-One"), slice_text("1")));
    expect_ok("add", http_headers_add(&headers, slice_text("x-two"), slice_text("2")));
    expect_ok("add", http_headers_add(&headers, slice_text("X-TWO"), slice_text("3")));
    expect_true("finds the first", http_headers_find(&headers, "x-two", &value));
    expect_text("value", value, "2");
    expect_true("finds nothing", !http_headers_find(&headers, "x-three", &value));
    expect_ok("one", http_headers_read(&headers, "x-one", &value));
    expect_text("value", value, "1");
    expect_refused("none", http_headers_read(&headers, "x-three", &value),
                   "http: a required header is missing");
    expect_refused("two", http_headers_read(&headers, "x-two", &value),
                   "http: a header is there twice");
}

static void token_bytes(void)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t byte = 0; byte < 256; byte++) {
        uint8_t text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
        struct http_request request;
        struct http_framing framing;
        const bool is_alphanumeric = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                                     (byte >= '0' && byte <= '9');
        const bool is_other = byte != 0 && strchr(others, (int)byte) != NULL;
        runner_row_at("header name's byte", byte);
        text[25] = (uint8_t)byte;
        const status got = http_request_parse(slice_of(text, sizeof text - 1), &request, &framing);
        expect_true("accepted", status_is_ok(got) == (is_alphanumeric || is_other));
    }
}

static void print_requests(void)
{
    uint8_t text[512];
    struct builder builder;
    struct http_request request = {.method = slice_text("POST"), .target = slice_text("/a?b=c")};
    expect_ok("host", http_headers_add(&request.headers, slice_text("Host"), slice_text("a")));
    builder_init(&builder, text, sizeof text);
    expect_ok("empty body", http_request_print(&request, &builder));
    expect_text("text", builder_view(&builder),
                "POST /a?b=c HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    request.body = slice_text("xy");
    request.is_last = true;
    builder_init(&builder, text, sizeof text);
    expect_ok("body", http_request_print(&request, &builder));
    expect_text("text", builder_view(&builder),
                "POST /a?b=c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                "Content-Length: 2\r\n\r\nxy");
    request.method = slice_text("GET");
    request.body = slice_text("");
    request.is_last = false;
    builder_init(&builder, text, sizeof text);
    expect_ok("no body", http_request_print(&request, &builder));
    expect_text("text", builder_view(&builder), "GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n");
    builder_init(&builder, text, builder.size - 1);
    expect_refused("no room", http_request_print(&request, &builder), "http: does not fit");
}

static void print_refusals(void)
{
    static const struct {
        const char *name, *method, *target, *header, *value, *refusal;
    } rows[] = {
        {"fine", "GET", "/", "X", "y", NULL},
        {"method", "GE T", "/", "X", "y", "http: method is not a token"},
        {"target", "GET", "/ x", "X", "y", "http: target must be a path of visible characters"},
        {"header name", "GET", "/", "X:", "y", "http: a header's name is not a token"},
        {"line break in a value", "GET", "/", "X", "y\r\nZ: a",
         "http: a header has a control character"},
        {"length", "GET", "/", "content-length", "1",
         "http: length and connection headers are written by print"},
        {"encoding", "GET", "/", "Transfer-Encoding", "chunked",
         "http: length and connection headers are written by print"},
        {"connection", "GET", "/", "Connection", "close",
         "http: length and connection headers are written by print"},
        {"blank before a value", "GET", "/", "X", " y", "http: a header has blanks at its ends"},
        {"tab after a value", "GET", "/", "X", "y\t", "http: a header has blanks at its ends"},
        {"blank inside a value", "GET", "/", "X", "y z", NULL},
        {"second Host", "GET", "/", "host", "b", "http: a request must have exactly one Host"},
        {"longest method", "ABCDEFGHIJKLMNOP", "/", "X", "y", NULL},
        {"method one longer", "ABCDEFGHIJKLMNOPQ", "/", "X", "y", "http: method is too long"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t text[256];
        struct builder builder;
        struct http_request request = {.method = slice_text(rows[i].method),
                                       .target = slice_text(rows[i].target)};
        runner_row(rows[i].name);
        expect_ok("host", http_headers_add(&request.headers, slice_text("Host"), slice_text("a")));
        expect_ok("add", http_headers_add(&request.headers, slice_text(rows[i].header),
                                          slice_text(rows[i].value)));
        builder_init(&builder, text, sizeof text);
        expect_outcome("print", http_request_print(&request, &builder), rows[i].refusal);
    }
    runner_row(NULL);
    static uint8_t target[HTTP_TARGET_SIZE_MAX + 1], text[sizeof target + 256];
    struct http_request request = {.method = slice_text("GET")};
    struct builder builder;
    builder_init(&builder, text, sizeof text);
    memset(target, '/', sizeof target);
    request.target = slice_of(target, HTTP_TARGET_SIZE_MAX);
    expect_refused("no Host", http_request_print(&request, &builder),
                   "http: a request must have exactly one Host");
    expect_ok("host", http_headers_add(&request.headers, slice_text("Host"), slice_text("a")));
    expect_ok("longest target", http_request_print(&request, &builder));
    request.target = slice_of(target, sizeof target);
    builder_init(&builder, text, sizeof text);
    expect_refused("one byte more", http_request_print(&request, &builder),
                   "http: target is too long");
}

static void print_responses(void)
{
    uint8_t text[512];
    struct builder builder;
    struct http_response response = {.code = 200, .reason = slice_text("OK")};
    builder_init(&builder, text, sizeof text);
    expect_ok("empty", http_response_print(&response, &builder));
    expect_text("text", builder_view(&builder), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    response.code = 204;
    builder_init(&builder, text, sizeof text);
    expect_ok("no content", http_response_print(&response, &builder));
    expect_text("text", builder_view(&builder), "HTTP/1.1 204 OK\r\n\r\n");
    response.body = slice_text("x");
    expect_refused("no content with a body", http_response_print(&response, &builder),
                   "http: a response of this code has no body");
    response = (struct http_response){.code = 199};
    expect_refused("interim", http_response_print(&response, &builder),
                   "http: status code must be 200 to 599");
    response = (struct http_response){.code = 600};
    expect_refused("too high", http_response_print(&response, &builder),
                   "http: status code must be 200 to 599");
    response = (struct http_response){.code = 200};
    expect_ok("add", http_headers_add(&response.headers, slice_text("a b"), slice_text("c")));
    expect_refused("header", http_response_print(&response, &builder),
                   "http: a header's name is not a token");
    response = (struct http_response){.code = 200, .reason = slice_text("a\r\nb")};
    expect_refused("reason", http_response_print(&response, &builder),
                   "http: reason has a control character");
}

/* What framing a head has; `length` -1 stands for chunks, -2 for none. */
static const struct {
    const char *name, *head;
    int64_t length;
    bool is_last;
    const char *refusal;
} framing_rows[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", 7, false, NULL},
    {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", -1, false, NULL},
    {"no body", "HTTP/1.1 204 No\r\n\r\n", 0, false, NULL},
    {"last", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n", 7, true, NULL},
    {"neither", "HTTP/1.1 200 OK\r\n\r\n", 0, false,
     "http: a response must say how long its body is"},
    {"line feed first", "\nContent-Length: 7\r\n\r\n", 0, false, "http: a line must end in CR LF"},
    {"no line", "", 0, false, "http: a line must end in CR LF"},
    {"line feed alone", "HTTP/1.1 200 OK\n\r\n", 0, false, "http: a line must end in CR LF"},
    {"no empty line at the end", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n", 0, false,
     "http: a line must end in CR LF"},
};

static void response_heads(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(framing_rows); i++) {
        struct http_response response = {.code = 1};
        struct http_framing framing = {.length = 99};
        runner_row(framing_rows[i].name);
        const status got = http_response_parse(slice_text(framing_rows[i].head), slice_text("GET"),
                                               &response, &framing);
        if (!expect_outcome("parse", got, framing_rows[i].refusal)) continue;
        if (framing_rows[i].refusal) {
            expect_true("untouched", response.code == 1 && framing.length == 99);
            continue;
        }
        expect_true("chunks", framing.is_chunked == (framing_rows[i].length == -1));
        if (!framing.is_chunked)
            expect_u64("length", framing.length, (uint64_t)framing_rows[i].length);
        expect_true("last", response.is_last == framing_rows[i].is_last);
    }
}

static void request_heads(void)
{
    struct http_request request = {.method = slice_text("old")};
    struct http_framing framing = {.length = 99};
    expect_refused("no host",
                   http_request_parse(slice_text("GET / HTTP/1.1\r\n\r\n"), &request, &framing),
                   "http: a request must have exactly one Host");
    expect_text("untouched", request.method, "old");
    expect_u64("untouched", framing.length, 99);
    expect_ok("head", http_request_parse(
                          slice_text("PUT /a HTTP/1.0\r\nHost: b\r\nContent-Length: 5\r\n\r\n"),
                          &request, &framing));
    expect_text("method", request.method, "PUT");
    expect_text("target", request.target, "/a");
    expect_u64("headers", request.headers.count, 2);
    expect_u64("length", framing.length, 5);
    expect_true("last", request.is_last && framing.is_version_1_0);
}

static void header_lines(void)
{
    struct http_header header = {0};
    expect_ok("line", http_header_parse(slice_text("A-b:  c d\t"), &header));
    expect_text("name", header.name, "A-b");
    expect_text("value", header.value, "c d");
    expect_refused("no colon", http_header_parse(slice_text("a"), &header),
                   "http: a header line has no colon");
    expect_true("values",
                http_is_value(slice_text(" a\t\xff")) && !http_is_value(slice_text("\n")));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"headers", headers},
        {"token bytes", token_bytes},
        {"response heads", response_heads},
        {"request heads", request_heads},
        {"header lines", header_lines},
        {"print requests", print_requests},
        {"print refusals", print_refusals},
        {"print responses", print_responses},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
