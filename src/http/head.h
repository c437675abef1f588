/*
 * head: where a message's head ends, found as its bytes arrive.
 *
 * The search goes on where it left off, so that slow senders cost no more than fast ones. A line
 * feed without its carriage return is refused at once: its sender would wait for an answer for ever.
 *
 * Specification: RFC 9112, section 2.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stddef.h>

#include "base/slice.h"
#include "base/status.h"

/* `{0}` is a search that has not begun. Its fields are private. */
struct http_head_search {
    size_t scanned_size; /* no line feed is before this, but those of whole lines */
    size_t line_offset;  /* where the line begins that is not whole yet */
};

/*
 * Looks for the empty line that ends the head in all that was received from its first byte on.
 * `head_size` is 0 as long as it has not come. BAD_INPUT; OVER_LIMIT for a head longer than
 * `size_max` (detail: 431; 414 when even its first line is).
 */
MUST_CHECK status http_head_find(struct http_head_search *search, slice received, size_t size_max,
                                 size_t *head_size);

#endif
