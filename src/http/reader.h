/*
 * reader: whole HTTP/1.1 messages out of the bytes of a connection.
 *
 * A reader collects bytes in the caller's memory as they arrive and says when one whole message is
 * there; the message's parts are views of that memory. Heads are read as http/message says.
 * Chunked bodies are joined in place; chunk extensions and trailers are read and dropped. Nothing
 * here allocates or waits.
 *
 * Specification: RFC 9112.
 */
#ifndef HTTP_READER_H
#define HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "http/body.h"
#include "http/head.h"
#include "http/message.h"

enum {
    HTTP_INTERIM_COUNT_MAX = 8, /* 1xx responses skipped before a final one */
};

/* Bytes of one connection on their way to being messages. Its fields are private. */
struct http_reader {
    uint8_t *memory;
    size_t size_max;
    size_t size;       /* bytes that are there */
    size_t head_size;  /* 0 until the head is complete */
    size_t taken_size; /* head, and body joined so far: the first byte not yet read */
    struct http_head_search search;
    struct http_body body;
    size_t interim_count; /* 1xx responses skipped so far */
    uint8_t state;
};

/*
 * Starts a reader over the caller's memory, which bounds a whole message (head, and body without
 * its chunk lines) and must outlive everything read from it.
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

#endif
