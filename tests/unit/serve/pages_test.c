#include "serve/pages.h"

#include <string.h>

#include "runner.h"

enum { PAGE_COUNT = 8, MODEL_SIZE = PAGE_COUNT * PAGES_DATA_SIZE };

static struct pages pages;
static struct arena memory;

static void open_pages(void)
{
    expect_ok("memory", arena_open(&memory, PAGE_COUNT * PAGES_PAGE_SIZE));
    expect_ok("init", pages_init(&pages, &memory, PAGE_COUNT * PAGES_PAGE_SIZE));
}

/* Nothing that a page held is left in it. */
static void expect_wiped(void)
{
    const struct page *all = (const struct page *)(const void *)memory.memory;
    for (size_t i = 0; i < PAGE_COUNT; i++) {
        for (size_t k = 0; k < PAGES_DATA_SIZE; k++) {
            if (!expect_true("wiped", all[i].bytes[k] == 0)) return;
        }
    }
}

static void rooms(void)
{
    static const uint8_t bytes[MODEL_SIZE] = {1};
    struct page_chain chain = {0};
    open_pages();
    expect_u64("all", pages_room(&pages, &chain, 0), PAGE_COUNT * PAGES_DATA_SIZE);
    expect_u64("but those kept", pages_room(&pages, &chain, 3), 5 * PAGES_DATA_SIZE);
    expect_u64("all kept", pages_room(&pages, &chain, PAGE_COUNT + 1), 0);
    page_chain_put(&chain, &pages, slice_of(bytes, 10));
    expect_u64("used", pages_used_size(&pages), PAGES_PAGE_SIZE);
    expect_u64("the rest of a page too", pages_room(&pages, &chain, PAGE_COUNT),
               PAGES_DATA_SIZE - 10);
    page_chain_put(&chain, &pages, slice_of(bytes, PAGES_DATA_SIZE - 10));
    expect_u64("full", pages_room(&pages, &chain, PAGE_COUNT), 0);
    page_chain_release(&chain, &pages);
    expect_u64("nothing used", pages_used_size(&pages), 0);
    arena_close(&memory);
}

/* Two chains beside plain arrays: whatever is put, copied and dropped, they hold the same. */
static void by_chance(void)
{
    static uint8_t model[2][MODEL_SIZE], copy[MODEL_SIZE], fresh[MODEL_SIZE];
    size_t sizes[2] = {0};
    struct page_chain chains[2] = {{0}, {0}};
    open_pages();
    for (size_t step = 0; step < 20000; step++) {
        const size_t i = runner_random_u64() % 2;
        size_t size = runner_random_u64() % (2 * PAGES_DATA_SIZE);
        if (runner_random_u64() % 2 == 0) {
            const size_t room = pages_room(&pages, &chains[i], 0);
            if (size > room) size = room;
            runner_random(fresh, size);
            memcpy(model[i] + sizes[i], fresh, size);
            sizes[i] += size;
            page_chain_put(&chains[i], &pages, slice_of(fresh, size));
        } else {
            if (size > sizes[i]) size = sizes[i];
            page_chain_drop(&chains[i], &pages, size);
            memmove(model[i], model[i] + size, sizes[i] - size);
            sizes[i] -= size;
        }
        const size_t copied = page_chain_copy(&chains[i], copy, sizeof copy);
        if (!expect_bytes("same", slice_of(copy, copied), slice_of(model[i], sizes[i]))) break;
    }
    page_chain_release(&chains[0], &pages);
    page_chain_release(&chains[1], &pages);
    expect_u64("nothing used", pages_used_size(&pages), 0);
    expect_wiped();
    arena_close(&memory);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"rooms", rooms},
        {"by chance", by_chance},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
