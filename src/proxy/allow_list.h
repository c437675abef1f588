/*
 * allow_list: the hosts and ports that a proxy may reach.
 *
 * An entry is HOST:PORT, compared as text (names in lower case) and nothing more: a name and its
 * address are different entries, and there are no wildcards.
 */
#ifndef PROXY_ALLOW_LIST_H
#define PROXY_ALLOW_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "base/status.h"
#include "net/endpoint.h"

enum { ALLOW_LIST_COUNT_MAX = 64 }; /* a region needs about five */

struct allow_list {
    endpoint list[ALLOW_LIST_COUNT_MAX];
    size_t count;
};

/* Reads HOST:PORT (a port of 1 or more) as a TCP endpoint. BAD_INPUT. */
MUST_CHECK status allow_list_parse_entry(slice text, endpoint *destination);

/* Adds HOST:PORT. BAD_INPUT, OVER_LIMIT. */
MUST_CHECK status allow_list_add(struct allow_list *allowed, slice text);

/* Adds the entries of a file's text, one a line; blank lines and those that start with # are
 * skipped. BAD_INPUT (detail: line). */
MUST_CHECK status allow_list_add_lines(struct allow_list *allowed, slice text);

/* True when the destination is on the list. */
bool allow_list_has(const struct allow_list *allowed, const endpoint *destination);

#endif
