/*
 * arena: memory that is taken piece by piece and given back all at once.
 *
 * It is the only place that asks the system for heap memory, once, when it is opened. Emptying it
 * wipes whatever was taken, so a request's plaintext does not outlive the request. One thread uses
 * one arena.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

struct arena {
    uint8_t *memory;
    size_t size_max;
    size_t used_size;
};

/* Acquires `size_max` bytes. UNAVAILABLE when the system has none. */
MUST_CHECK status arena_open(struct arena *arena, size_t size_max);

/*
 * Uses the caller's memory instead, aligned for any object (alignas(max_align_t)), for what is small
 * and ends with a function. There is nothing to release: such an arena is emptied, never closed.
 */
void arena_init(struct arena *arena, void *memory, size_t size_max);

/* Wipes and releases. */
void arena_close(struct arena *arena);

/* Takes zeroed memory, aligned for any object, valid until the arena is emptied. OVER_LIMIT. */
MUST_CHECK status arena_take(struct arena *arena, size_t size, void **memory);

/* Copies bytes into the arena. */
MUST_CHECK status arena_copy(struct arena *arena, slice bytes, slice *copy);

/* The place reached so far. */
size_t arena_mark(const struct arena *arena);

/* Wipes and takes back what was taken since the mark, which becomes invalid. */
void arena_rewind(struct arena *arena, size_t mark);

/* Wipes what was taken and starts again. Everything taken before becomes invalid. */
void arena_empty(struct arena *arena);

#endif
