#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "runner.h"

static const char FULL[] = "arena: the request needs more memory than it may use";

static void taking(void)
{
    struct arena arena = {0};
    void *first = NULL, *second = NULL, *third = NULL;
    if (!expect_ok("open", arena_open(&arena, 64))) return;
    expect_ok("one byte", arena_take(&arena, 1, &first));
    expect_ok("another", arena_take(&arena, 1, &second));
    expect_true("apart and aligned", (uint8_t *)second - (uint8_t *)first == alignof(max_align_t));
    expect_u64("aligned", (uintptr_t)first % alignof(max_align_t), 0);
    expect_refused("one too many", arena_take(&arena, 33, &third), FULL);
    expect_true("untouched", !third);
    expect_ok("the rest", arena_take(&arena, 32, &third));
    expect_refused("nothing is left", arena_take(&arena, 1, &third), FULL);
    expect_ok("nothing fits", arena_take(&arena, 0, &third));
    expect_refused("a huge size does not wrap", arena_take(&arena, SIZE_MAX, &third), FULL);
    arena_close(&arena);
}

/* The start of the next piece, rounded up, can lie beyond the end. */
static void odd_size(void)
{
    struct arena arena = {0};
    void *memory;
    if (!expect_ok("open", arena_open(&arena, 17))) return;
    expect_ok("seventeen", arena_take(&arena, 17, &memory));
    expect_refused("none", arena_take(&arena, 0, &memory), FULL);
    arena_close(&arena);
}

static void emptying(void)
{
    struct arena arena = {0};
    void *memory = NULL, *again = NULL;
    static const uint8_t zeros[32];
    if (!expect_ok("open", arena_open(&arena, 64))) return;
    expect_ok("take", arena_take(&arena, 32, &memory));
    expect_bytes("zeroed", slice_of(memory, 32), slice_of(zeros, 32));
    memset(memory, 0xaa, 32);
    arena_empty(&arena);
    expect_bytes("wiped", slice_of(memory, 32), slice_of(zeros, 32));
    expect_ok("take again", arena_take(&arena, 64, &again));
    expect_true("the same memory", memory == again);
    arena_empty(&arena);
    arena_empty(&arena);
    arena_close(&arena);
    expect_true("closed", !arena.memory && arena.size_max == 0);
    arena_close(&arena);
}

static void copying(void)
{
    struct arena arena = {0};
    slice copy = {0};
    char text[] = "text";
    if (!expect_ok("open", arena_open(&arena, 32))) return;
    expect_ok("copy", arena_copy(&arena, slice_text(text), &copy));
    text[0] = 'n';
    expect_text("copy", copy, "text");
    expect_ok("nothing", arena_copy(&arena, slice_of(NULL, 0), &copy));
    expect_u64("nothing", copy.size, 0);
    const slice long_text = slice_text("seventeen letters");
    expect_refused("too long", arena_copy(&arena, long_text, &copy), FULL);
    arena_close(&arena);
}

/* Lets the sanitizer's allocator fail as the system's does; nobody else calls it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void no_memory(void)
{
    struct arena arena = {0};
    const status got = arena_open(&arena, SIZE_MAX / 2);
    expect_refused("open", got, "arena: the system has no memory left");
    expect_kind("open", got, FAILURE_UNAVAILABLE);
    expect_true("closed", !arena.memory);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"taking", taking},   {"odd size", odd_size},   {"emptying", emptying},
        {"copying", copying}, {"no memory", no_memory},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
