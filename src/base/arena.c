#include "base/arena.h"

#include <assert.h>
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

void arena_init(struct arena *arena, void *memory, size_t size_max)
{
    assert((uintptr_t)memory % alignof(max_align_t) == 0);
    memset(memory, 0, size_max);
    *arena = (struct arena){memory, size_max, 0};
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

size_t arena_mark(const struct arena *arena)
{
    return arena->used_size;
}

void arena_rewind(struct arena *arena, size_t mark)
{
    assert(mark <= arena->used_size);
    if (mark < arena->used_size) secret_wipe(arena->memory + mark, arena->used_size - mark);
    arena->used_size = mark;
}

void arena_empty(struct arena *arena)
{
    arena_rewind(arena, 0);
}
