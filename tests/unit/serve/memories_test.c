#include "serve/memories.h"

#include <string.h>

#include "runner.h"

enum { COUNT = 3, SIZE = 1000 };

static void places(void)
{
    SCOPED(arena_close) struct arena memory = {0};
    struct memories memories;
    struct arena *taken[COUNT];
    void *bytes;
    expect_ok("memory", arena_open(&memory, memories_memory_size(COUNT, SIZE)));
    expect_ok("init", memories_init(&memories, &memory, COUNT, SIZE));
    for (size_t i = 0; i < COUNT; i++) {
        taken[i] = memories_take(&memories);
        if (!expect_true("a place", taken[i] != NULL)) return;
        expect_ok("all of it", arena_take(taken[i], SIZE, &bytes));
        memset(bytes, 'a' + (int)i, SIZE);
    }
    expect_u64("used", memories_used_count(&memories), COUNT);
    expect_true("no more", memories_take(&memories) == NULL);
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < SIZE; k++) {
            if (!expect_true("its own", taken[i]->memory[k] == 'a' + (int)i)) break;
        }
    }
    memories_give_back(&memories, taken[1]);
    expect_u64("used", memories_used_count(&memories), COUNT - 1);
    for (size_t k = 0; k < SIZE; k++) {
        if (!expect_true("wiped", taken[1]->memory[k] == 0)) break;
    }
    expect_true("the last used first", memories_take(&memories) == taken[1]);
    expect_u64("empty", taken[1]->used_size, 0);
}

static void too_little(void)
{
    SCOPED(arena_close) struct arena memory = {0};
    struct memories memories;
    expect_ok("memory", arena_open(&memory, COUNT * SIZE));
    expect_kind("init", memories_init(&memories, &memory, COUNT, SIZE), FAILURE_OVER_LIMIT);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"places", places},
        {"too little", too_little},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
