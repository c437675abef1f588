/*
 * message: HTTP/1.1 requests and responses as values: their heads read, whole messages written.
 * Whole messages are read by http/reader. Parts are views; nothing here allocates or waits.
 *
 * Reading is strict, so that two programs on one connection cannot disagree on where a message
 * ends: lines end in CR LF; header lines are not folded and have no blank before the colon; a
 * Content-Length is plain decimal and there is at most one value of it (a repeated equal one is
 * refused too); Transfer-Encoding is exactly "chunked", in HTTP/1.1 only, and never beside a
 * Content-Length; control characters are refused everywhere; a request has exactly one Host (one of
 * HTTP/1.0 may have none). The absolute form of a target is taken, its host being the Host's, and
 * becomes the path in it; "*" is taken with OPTIONS. A response whose body would end with the
 * connection is refused: it cannot be told from a cut one.
 *
 * The detail of a refusal is the HTTP code that says so to a client (413, 414, 431, 501, 505), or 0
 * for 400.
 *
 * Specification: RFC 9110 and RFC 9112.
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    HTTP_HEAD_SIZE_MAX = 16 * 1024, /* start line and headers; a session token takes up to 12 KiB */
    HTTP_HEADER_COUNT_MAX = 48,     /* AWS replies carry about 10, browsers send about 25 */
    HTTP_METHOD_SIZE_MAX = 16,      /* bytes; the longest in use has 7 */
    HTTP_TARGET_SIZE_MAX = 4096,    /* bytes of path and query */
};

struct http_header {
    slice name;  /* as received; names compare without regard to case */
    slice value; /* without blanks around it */
};

struct http_headers {
    struct http_header list[HTTP_HEADER_COUNT_MAX];
    size_t count;
};

struct http_request {
    slice method; /* a token, "GET" */
    slice target; /* "/path?query", or "*" of OPTIONS */
    struct http_headers headers;
    slice body;
    bool is_last; /* the connection ends after the response to this */
};

struct http_response {
    uint16_t code; /* 200 to 599 */
    slice reason;  /* may be empty */
    struct http_headers headers;
    slice body;
    bool is_last; /* the connection ends after this */
};

/* Empties the headers. */
void http_headers_init(struct http_headers *headers);

/* Adds one at the end; name and value are views. OVER_LIMIT when there are too many. */
MUST_CHECK status http_headers_add(struct http_headers *headers, slice name, slice value);

/* Finds the first of that name (a lower-case literal). False when there is none. */
bool http_headers_find(const struct http_headers *headers, const char *name, slice *value);

/* Reads a header that must be there exactly once. BAD_INPUT otherwise. */
MUST_CHECK status http_headers_read(const struct http_headers *headers, const char *name,
                                    slice *value);

/* What stands before a response's body. */
struct http_response_head {
    uint16_t code;
    slice reason; /* may be empty */
    const struct http_header *list;
    size_t count;
    uint64_t body_size;
    const char *connection; /* "close" or "keep-alive"; NULL: does not say */
};

/* What a head says about where its body ends. */
struct http_framing {
    bool is_chunked;
    bool has_length;
    bool is_version_1_0;
    bool is_last;
    uint64_t length;
};

/*
 * Reads a whole head, from its first line to the empty one, into all of `request` but its body.
 * BAD_INPUT, OVER_LIMIT. The parts are views of the head.
 */
MUST_CHECK status http_request_parse(slice head, struct http_request *request,
                                     struct http_framing *framing);

/* The same for the response to `method`; one that has no body is framed as having length 0. */
MUST_CHECK status http_response_parse(slice head, slice method, struct http_response *response,
                                      struct http_framing *framing);

/* Reads one header line, without its line end. It must not be empty. */
MUST_CHECK status http_header_parse(slice line, struct http_header *header);

/*
 * Appends the request with the Content-Length of its body (none for an empty body of a method
 * that has none: GET, HEAD, DELETE). `is_last` adds "Connection: close". BAD_INPUT when a part
 * could not be read back as itself (a line break in a value, a blank in the target), or when the
 * headers already say a length, transfer encoding or connection; OVER_LIMIT when it does not fit.
 */
MUST_CHECK status http_request_print(const struct http_request *request, struct builder *text);

/* The same for a response, always with a Content-Length (but for 204 and 304). */
MUST_CHECK status http_response_print(const struct http_response *response, struct builder *text);

/* The same for what stands before its body: all there is to say to a HEAD. */
MUST_CHECK status http_response_head_print(const struct http_response_head *head,
                                           struct builder *text);

/* True for a byte that a method or a header's name may have: RFC 9110, section 5.6.2. */
bool http_is_token_byte(uint8_t byte);

/* True for what a header's value or a reason may be: visible, blank and non-ASCII bytes. */
bool http_is_value(slice text);

/* Names equal without regard to ASCII case. */
bool http_name_equal(slice a, slice b);

#endif
