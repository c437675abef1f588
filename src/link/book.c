#include "link/book.h"

#include <assert.h>

enum { PLACE_BITS = 14 };
static_assert(1 << PLACE_BITS == LINK_CALL_COUNT_MAX, "a req_id's low part is a call's place");

status book_init(struct book *book, struct arena *memory)
{
    void *calls, *places;
    TRY(arena_take(memory, LINK_CALL_COUNT_MAX * sizeof(struct link_call *), &calls));
    TRY(arena_take(memory, LINK_CALL_COUNT_MAX * sizeof *book->free_places, &places));
    *book = (struct book){.calls = calls, .free_places = places};
    for (size_t i = 0; i < LINK_CALL_COUNT_MAX; i++) {
        book->free_places[book->free_count++] = (uint16_t)(LINK_CALL_COUNT_MAX - 1 - i);
    }
    return status_ok();
}

size_t book_count(const struct book *book)
{
    return LINK_CALL_COUNT_MAX - book->free_count;
}

static size_t place_of(uint64_t req_id)
{
    return (size_t)(req_id & (LINK_CALL_COUNT_MAX - 1));
}

void book_enter(struct book *book, struct link_call *call)
{
    assert(book->free_count > 0);
    const size_t place = book->free_places[--book->free_count];
    call->req_id = ++book->counter << PLACE_BITS | place;
    book->calls[place] = call;
}

void book_leave(struct book *book, struct link_call *call)
{
    const size_t place = place_of(call->req_id);
    book->calls[place] = NULL;
    book->free_places[book->free_count++] = (uint16_t)place;
}

status book_find(const struct book *book, uint64_t req_id, struct link_call **call)
{
    const uint64_t number = req_id >> PLACE_BITS;
    struct link_call *found = book->calls[place_of(req_id)];
    REQUIRE(number >= 1 && number <= book->counter, BAD_INPUT,
            "link: an answer to what was not asked");
    *call = found && found->req_id == req_id ? found : NULL;
    return status_ok();
}
