#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

status arena_open(struct arena *arena, size_t size_max)
{
    /* calloc, so that memory never taken stays untouched and costs nothing. */
    uint8_t *memory = calloc(1, size_max);
    REQUIRE(memory, UNAVAILABLE, "arena: the system has no memory left");
    *arena = (struct arena){memory, size_max, 0};
    return status_ok();
}

void arena_close(struct arena *arena)
{
    arena_empty(arena);
    free(arena->memory);
    *arena = (struct arena){0};
}

status arena_take(struct arena *arena, size_t size, void **memory)
{
    const size_t alignment = alignof(max_align_t);
    const size_t start = (arena->used_size + alignment - 1) / alignment * alignment;
    REQUIRE(start <= arena->size_max && size <= arena->size_max - start, OVER_LIMIT,
            "arena: the request needs more memory than it may use");
    arena->used_size = start + size;
    *memory = arena->memory + start;
    return status_ok();
}

status arena_copy(struct arena *arena, slice bytes, slice *copy)
{
    void *memory;
    TRY(arena_take(arena, bytes.size, &memory));
    if (bytes.size > 0) memcpy(memory, bytes.bytes, bytes.size);
    *copy = slice_of(memory, bytes.size);
    return status_ok();
}

void arena_empty(struct arena *arena)
{
    if (arena->used_size > 0) secret_wipe(arena->memory, arena->used_size);
    arena->used_size = 0;
}
