#include "base/heap.h"

#include <string.h>

#include "runner.h"

static void sizes(void)
{
    static const size_t wanted[] = {0, 1, 15, 16, 17, 100000};
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
        runner_row_at("size", wanted[i]);
        uint8_t *memory = heap_take(wanted[i]);
        if (!expect_true("taken", memory != NULL)) continue;
        expect_u64("aligned", (uintptr_t)memory % 16, 0);
        memset(memory, 0x5a, wanted[i]);
        heap_release(memory);
    }
    runner_row(NULL);
    expect_true("more than there is", heap_take(SIZE_MAX) == NULL);
    expect_true("more than there is", heap_take(SIZE_MAX / 2) == NULL);
    heap_release(NULL);
}

static void resized(void)
{
    uint8_t *memory = heap_resize(NULL, 4);
    memcpy(memory, "abcd", 4);
    memory = heap_resize(memory, 1000);
    expect_text("kept when growing", slice_of(memory, 4), "abcd");
    expect_true("refused", heap_resize(memory, SIZE_MAX / 2) == NULL);
    expect_text("as it was", slice_of(memory, 4), "abcd");
    memory = heap_resize(memory, 2);
    expect_text("kept when shrinking", slice_of(memory, 2), "ab");
    heap_release(memory);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"sizes", sizes},
        {"resized", resized},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
