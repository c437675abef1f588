/*
 * memories: the memory that requests are handled in: a fixed number of places of one kind.
 */
#ifndef SERVE_MEMORIES_H
#define SERVE_MEMORIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

struct memories {
    struct arena *places;
    size_t place_count;
    struct arena **free;
    size_t free_count;
};

/* The memory that init takes. */
size_t memories_memory_size(size_t place_count, size_t place_size);

MUST_CHECK status memories_init(struct memories *memories, struct arena *memory, size_t place_count,
                                size_t place_size);

/* NULL when all are taken. The place used last is used next: what is not needed stays untouched. */
struct arena *memories_take(struct memories *memories);

/* Wipes what was taken in it, and gives the place back. */
void memories_give_back(struct memories *memories, struct arena *place);

size_t memories_used_count(const struct memories *memories);

#endif
