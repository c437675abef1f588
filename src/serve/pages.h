/*
 * pages: memory for bytes that come and go slowly, taken page by page as they really arrive.
 *
 * A chain is a queue of bytes in pages. Pages are wiped of what they held when they are given back.
 * Pages that were used last are used next, so that a quiet server touches few.
 */
#ifndef SERVE_PAGES_H
#define SERVE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    PAGES_PAGE_SIZE = 2048,
    PAGES_DATA_SIZE = PAGES_PAGE_SIZE - 16, /* bytes that one holds */
};

struct page {
    struct page *next;
    uint64_t unused;
    uint8_t bytes[PAGES_DATA_SIZE];
};

/* One shard's pages. */
struct pages {
    struct page *fresh; /* of the pages that were never used, the first */
    size_t fresh_count;
    struct page *free;
    size_t free_count; /* both kinds */
    size_t count;
};

/* A queue of bytes; `{0}` is empty. */
struct page_chain {
    struct page *first, *last;
    size_t offset; /* of the first byte, in the first page */
    size_t size;
};

/* `size` bytes of pages, out of the arena. */
MUST_CHECK status pages_init(struct pages *pages, struct arena *memory, size_t size);

size_t pages_used_size(const struct pages *pages);

/* How many bytes can be appended while `kept_count` pages stay free. */
size_t pages_room(const struct pages *pages, const struct page_chain *chain, size_t kept_count);

/* Appends; there must be room. */
void page_chain_put(struct page_chain *chain, struct pages *pages, slice bytes);

/* Copies up to `size_max` bytes from the front and says how many; the chain keeps them. */
size_t page_chain_copy(const struct page_chain *chain, void *bytes, size_t size_max);

/* Drops bytes at the front. */
void page_chain_drop(struct page_chain *chain, struct pages *pages, size_t size);

/* Empties it. */
void page_chain_release(struct page_chain *chain, struct pages *pages);

#endif
