/*
 * message: HTTP/1.1 requests and responses as values.
 *
 * A reader collects bytes in the caller's memory as they arrive and says when one whole message is
 * there; the message's parts are views of that memory. Nothing here allocates or waits.
 *
 * Reading is strict, so that two programs on one connection cannot disagree on where a message
 * ends: lines end in CR LF; header lines are not folded and have no blank before the colon; a
 * Content-Length is plain decimal and there is at most one value of it (a repeated equal one is
 * refused too); Transfer-Encoding is exactly "chunked", in HTTP/1.1 only, and never beside a
 * Content-Length; control characters are refused everywhere; a request has exactly one Host. A
 * response whose body would end with the connection is refused: it cannot be told from a cut one.
 * Chunked bodies are joined in place; chunk extensions and trailers are read and dropped.
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
    HTTP_HEAD_SIZE_MAX = 16 * 1024, /* start line and headers; a session token takes up to 4 KiB */
    HTTP_HEADER_COUNT_MAX = 48,     /* AWS replies carry about 10, browsers send about 25 */
    HTTP_METHOD_SIZE_MAX = 16,      /* bytes; the longest in use has 7 */
    HTTP_TARGET_SIZE_MAX = 4096,    /* bytes of path and query */
    HTTP_CHUNK_LINE_SIZE_MAX = 256, /* bytes of a chunk's size and extensions */
    HTTP_INTERIM_COUNT_MAX = 8,     /* 1xx responses skipped before a final one */
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
    slice target; /* "/path?query", never empty */
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

/* Bytes of one connection on their way to being messages. Its fields are private. */
struct http_reader {
    uint8_t *memory;
    size_t size_max;
    size_t size;          /* bytes received */
    size_t head_size;     /* 0 until the head is complete */
    size_t scanned_size;  /* where the search for the head's end, or a chunk line's, goes on */
    size_t body_size;     /* of Content-Length, or chunk data joined so far */
    size_t next_offset;   /* chunked: first byte not yet read; complete: first byte after it */
    size_t chunk_size;    /* chunk data still to come */
    size_t trailer_size;  /* bytes of trailer lines so far */
    size_t interim_count; /* 1xx responses skipped so far */
    uint8_t state;
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

/*
 * Starts a reader over the caller's memory, which bounds a whole message (head and body as
 * received, with chunk lines) and must outlive everything read from it.
 */
void http_reader_init(struct http_reader *reader, void *memory, size_t size_max);

/* Where the next bytes belong, and how many fit; `size` is 0 when the memory is full. */
uint8_t *http_reader_space(struct http_reader *reader, size_t *size);

/* Says that `size` bytes were written at http_reader_space. */
void http_reader_add(struct http_reader *reader, size_t size);

/* True while no byte of the next message has arrived. */
bool http_reader_is_empty(const struct http_reader *reader);

/*
 * Reads one request if it is all there: `is_done` says so, and only then is `request` filled. Call
 * it again after each http_reader_add. BAD_INPUT for what is not a request; OVER_LIMIT when a
 * limit above is passed or the message cannot fit the memory. After a failure the connection is of
 * no further use. `request` is valid until http_reader_next.
 */
MUST_CHECK status http_reader_request(struct http_reader *reader, struct http_request *request,
                                      bool *is_done);

/* The same for a response to `method` (to "HEAD" it has no body). Interim ones are skipped. */
MUST_CHECK status http_reader_response(struct http_reader *reader, slice method,
                                       struct http_response *response, bool *is_done);

/* True when bytes follow the whole message that was read. */
bool http_reader_has_more(const struct http_reader *reader);

/* Drops the message that was read; bytes after it are kept as the start of the next. */
void http_reader_next(struct http_reader *reader);

/*
 * Appends the request with the Content-Length of its body (none for an empty body of a method
 * that has none: GET, HEAD, DELETE). `is_last` adds "Connection: close". BAD_INPUT when a part
 * could not be read back as itself (a line break in a value, a blank in the target), or when the
 * headers already say a length, transfer encoding or connection; OVER_LIMIT when it does not fit.
 */
MUST_CHECK status http_request_print(const struct http_request *request, struct builder *text);

/* The same for a response, always with a Content-Length (but for 204 and 304). */
MUST_CHECK status http_response_print(const struct http_response *response, struct builder *text);

/* Names equal without regard to ASCII case. */
bool http_name_equal(slice a, slice b);

#endif
