#include "serve/pages.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"

_Static_assert(sizeof(struct page) == PAGES_PAGE_SIZE, "a page has its size");

status pages_init(struct pages *pages, struct arena *memory, size_t size)
{
    void *taken;
    const size_t count = size / sizeof(struct page);
    TRY(arena_take(memory, count * sizeof(struct page), &taken));
    *pages =
        (struct pages){.fresh = taken, .fresh_count = count, .free_count = count, .count = count};
    return status_ok();
}

size_t pages_used_size(const struct pages *pages)
{
    return (pages->count - pages->free_count) * sizeof(struct page);
}

static struct page *take(struct pages *pages)
{
    struct page *page = pages->free;
    assert(pages->free_count > 0);
    pages->free_count--;
    if (page) {
        pages->free = page->next;
    } else {
        page = pages->fresh++;
        pages->fresh_count--;
    }
    page->next = NULL;
    return page;
}

static void give_back(struct pages *pages, struct page *page)
{
    page->next = pages->free;
    pages->free = page;
    pages->free_count++;
}

/* How much of its last page a chain has filled. */
static size_t last_used_size(const struct page_chain *chain)
{
    if (!chain->last) return PAGES_DATA_SIZE;
    const size_t end = (chain->offset + chain->size) % PAGES_DATA_SIZE;
    return end == 0 ? PAGES_DATA_SIZE : end;
}

size_t pages_room(const struct pages *pages, const struct page_chain *chain, size_t kept_count)
{
    const size_t count = pages->free_count > kept_count ? pages->free_count - kept_count : 0;
    return count * PAGES_DATA_SIZE + (PAGES_DATA_SIZE - last_used_size(chain));
}

void page_chain_put(struct page_chain *chain, struct pages *pages, slice bytes)
{
    while (bytes.size > 0) {
        size_t used_size = last_used_size(chain);
        if (used_size == PAGES_DATA_SIZE) {
            struct page *page = take(pages);
            if (chain->last) chain->last->next = page;
            else chain->first = page;
            chain->last = page;
            used_size = 0;
        }
        const slice part = slice_part(bytes, 0, PAGES_DATA_SIZE - used_size);
        memcpy(chain->last->bytes + used_size, part.bytes, part.size);
        chain->size += part.size;
        bytes = slice_part(bytes, part.size, bytes.size);
    }
}

size_t page_chain_copy(const struct page_chain *chain, void *bytes, size_t size_max)
{
    uint8_t *to = bytes;
    size_t left_size = chain->size < size_max ? chain->size : size_max;
    const size_t size = left_size;
    size_t offset = chain->offset;
    for (const struct page *page = chain->first; left_size > 0; page = page->next) {
        const size_t part_size =
            left_size < PAGES_DATA_SIZE - offset ? left_size : PAGES_DATA_SIZE - offset;
        memcpy(to, page->bytes + offset, part_size);
        to += part_size;
        left_size -= part_size;
        offset = 0;
    }
    return size;
}

void page_chain_drop(struct page_chain *chain, struct pages *pages, size_t size)
{
    assert(size <= chain->size);
    while (size > 0) {
        struct page *page = chain->first;
        const size_t in_page = PAGES_DATA_SIZE - chain->offset;
        const size_t held_size = chain->size < in_page ? chain->size : in_page;
        const size_t part_size = size < held_size ? size : held_size;
        secret_wipe(page->bytes + chain->offset, part_size);
        chain->offset += part_size;
        chain->size -= part_size;
        size -= part_size;
        if (part_size < held_size) return;
        /* Empty, or full and read: a page that is partly filled stays only while it has bytes. */
        chain->first = page->next;
        chain->offset = 0;
        give_back(pages, page);
    }
    if (!chain->first) *chain = (struct page_chain){0};
}

void page_chain_release(struct page_chain *chain, struct pages *pages)
{
    page_chain_drop(chain, pages, chain->size);
}
