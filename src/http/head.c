#include "http/head.h"

/* RFC 9112, section 3: 414 is what a client with too long a target is told. */
static status head_too_long(const struct http_head_search *search)
{
    FAIL(OVER_LIMIT, search->line_offset > 0 ? 431 : 414, "http: head is too long");
}

status http_head_find(struct http_head_search *search, slice received, size_t size_max,
                      size_t *head_size)
{
    *head_size = 0;
    for (;;) {
        const slice rest = slice_part(received, search->scanned_size, received.size);
        const size_t end = search->scanned_size + slice_index_of(rest, '\n');
        const size_t start = search->line_offset;
        search->scanned_size = end < received.size ? end + 1 : received.size;
        if (search->scanned_size > size_max) return head_too_long(search);
        if (end == received.size) return status_ok();
        REQUIRE(end > start && received.bytes[end - 1] == '\r', BAD_INPUT,
                "http: a line must end in CR LF");
        search->line_offset = end + 1;
        if (end - 1 > start) continue;
        REQUIRE(start > 0, BAD_INPUT, "http: must not begin with an empty line");
        *head_size = end + 1;
        return status_ok();
    }
}
