#include "serve/memories.h"

#include <assert.h>
#include <stdalign.h>

/* Each place begins aligned for any object, as arena_take needs it. */
static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

size_t memories_memory_size(size_t place_count, size_t place_size)
{
    return place_count * (aligned(place_size) + sizeof(struct arena) + sizeof(struct arena *)) +
           3 * alignof(max_align_t);
}

status memories_init(struct memories *memories, struct arena *memory, size_t place_count,
                     size_t place_size)
{
    void *places, *free_places, *bytes;
    TRY(arena_take(memory, place_count * sizeof(struct arena), &places));
    TRY(arena_take(memory, place_count * sizeof(struct arena *), &free_places));
    TRY(arena_take(memory, place_count * aligned(place_size), &bytes));
    *memories = (struct memories){.places = places,
                                  .place_count = place_count,
                                  .free = free_places,
                                  .free_count = place_count};
    for (size_t i = 0; i < place_count; i++) {
        /* Not by arena_init, which would touch all of it. */
        memories->places[i] = (struct arena){.memory = (uint8_t *)bytes + i * aligned(place_size),
                                             .size_max = place_size};
        memories->free[place_count - 1 - i] = &memories->places[i];
    }
    return status_ok();
}

struct arena *memories_take(struct memories *memories)
{
    return memories->free_count > 0 ? memories->free[--memories->free_count] : NULL;
}

void memories_give_back(struct memories *memories, struct arena *place)
{
    assert(memories->free_count < memories->place_count);
    arena_empty(place);
    memories->free[memories->free_count++] = place;
}

size_t memories_used_count(const struct memories *memories)
{
    return memories->place_count - memories->free_count;
}
