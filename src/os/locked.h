/*
 * locked: a fixed pool of memory for secrets that live long.
 *
 * Its pages are locked (never swapped), left out of core dumps and of forked children, and have an
 * inaccessible page at both ends, so that running over either end crashes instead of leaking.
 * Memory is taken once, at start, and given back all at once. Not thread-safe while taking.
 */
#ifndef OS_LOCKED_H
#define OS_LOCKED_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct locked {
    uint8_t *mapping; /* with the guard pages */
    size_t mapping_size;
    uint8_t *memory; /* between them */
    size_t size_max;
    size_t used_size;
};

/*
 * Acquires at least `size` bytes of zeroed memory. UNAVAILABLE (detail: errno) when the system
 * will not map, lock or exclude it: a program without locked memory must not start.
 */
MUST_CHECK status locked_open(struct locked *locked, size_t size);

/* Takes zeroed memory, aligned for any object, until the pool is closed. OVER_LIMIT. */
MUST_CHECK status locked_take(struct locked *locked, size_t size, void **memory);

/* Wipes and releases. */
void locked_close(struct locked *locked);

#endif
