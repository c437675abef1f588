/*
 * book: the calls under way, by number.
 *
 * A call that is entered gets a req_id that no call before had: a counter, and in its low part the
 * call's place in the book, so that an answer finds its call at once and one to a call that has
 * left the book is told from one to what was never asked.
 */
#ifndef LINK_BOOK_H
#define LINK_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "link/call.h"

enum {
    /*
     * More than a shard can have requests under way, so that this limit never binds before the
     * server's, which makes its callers wait and does not refuse them.
     */
    LINK_CALL_COUNT_MAX = 16384,
    BOOK_MEMORY_SIZE = LINK_CALL_COUNT_MAX * (sizeof(struct link_call *) + sizeof(uint16_t)),
};

struct book {
    struct link_call **calls; /* LINK_CALL_COUNT_MAX places */
    uint16_t *free_places;
    size_t free_count;
    uint64_t counter;
};

MUST_CHECK status book_init(struct book *book, struct arena *memory);

/* How many calls are in it. */
size_t book_count(const struct book *book);

/* Enters a call, which gets its req_id. There must be room. */
void book_enter(struct book *book, struct link_call *call);
void book_leave(struct book *book, struct link_call *call);

/*
 * The call with this number; NULL when it has left the book. BAD_INPUT for a number that was never
 * given.
 */
MUST_CHECK status book_find(const struct book *book, uint64_t req_id, struct link_call **call);

#endif
