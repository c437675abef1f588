/*
 * body: a message's body, taken out of the bytes of a connection as they arrive.
 *
 * It keeps no bytes: what is data is a view of the input. Chunk extensions and trailer lines are
 * checked and dropped. Nothing here allocates or waits.
 *
 * Specification: RFC 9112, sections 6 and 7.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"

enum {
    HTTP_CHUNK_LINE_SIZE_MAX = 256,             /* bytes of a chunk's size and extensions */
    HTTP_TRAILER_SIZE_MAX = HTTP_HEAD_SIZE_MAX, /* bytes of all trailer lines together */
};

/* Its fields are private. */
struct http_body {
    uint64_t size_max, size; /* of the data: the limit, and taken so far */
    uint64_t left_size;      /* of the chunk, or of a body that says its length */
    size_t line_size;        /* of the chunk line so far */
    size_t trailer_size;     /* of the trailer so far */
    uint8_t state;
};

/* Starts. OVER_LIMIT (413) when the framing says a length above `size_max`. */
MUST_CHECK status http_body_start(struct http_body *body, const struct http_framing *framing,
                                  uint64_t size_max);

/*
 * Takes from the front of the input up to the end of the next piece of data, which may be empty; all
 * of the input, unless the body ends before. To be called until the input is empty or the body is
 * done. BAD_INPUT; OVER_LIMIT (413) when the data grow past the limit.
 */
MUST_CHECK status http_body_take(struct http_body *body, slice *input, slice *data);

/* True when it is whole: what follows in the input belongs to the next message. */
bool http_body_is_done(const struct http_body *body);

/* How many bytes are certain to follow before the body is done: none of them is the next message's. */
uint64_t http_body_left_size(const struct http_body *body);

#endif
