#include "base/builder.h"

#include "base/arena.h"
#include "runner.h"

static const char FULL[] = "builder: result does not fit";

static void every_put(void)
{
    uint8_t memory[64];
    struct builder builder;
    slice written = {0};
    builder_init(&builder, memory, sizeof memory);
    builder_put(&builder, runner_hex("aabb"));
    builder_put(&builder, slice_of(NULL, 0));
    builder_put_text(&builder, "xy");
    builder_put_u8(&builder, 1);
    builder_put_u16(&builder, 0x0203);
    builder_put_u32(&builder, 0x04050607);
    builder_put_u64(&builder, 0x08090a0b0c0d0e0f);
    builder_put_zeros(&builder, 2);
    builder_put_zeros(&builder, 0);
    builder_put_decimal(&builder, 120);
    expect_ok("finish", builder_finish(&builder, &written));
    expect_hex("bytes", written, "aabb 7879 01 0203 04050607 08090a0b0c0d0e0f 0000 313230");
    expect_bytes("view", builder_view(&builder), written);
}

static void decimals(void)
{
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {1000, "1000"}, {UINT64_MAX, "18446744073709551615"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[20];
        struct builder builder;
        builder_init(&builder, memory, sizeof memory);
        builder_put_decimal(&builder, rows[i].value);
        expect_text("decimal", builder_view(&builder), rows[i].text);
    }
}

/* Each kind of put, one byte short of its room: nothing is written and the mark stays. */
static void overflow_sticks(void)
{
    static const size_t widths[] = {1, 2, 4, 8, 3, 3, 3};
    for (size_t i = 0; i < ARRAY_COUNT(widths); i++) {
        uint8_t memory[16] = {0};
        struct builder builder;
        slice written = {0};
        runner_row_at("put", i);
        builder_init(&builder, memory, widths[i] - 1);
        if (i == 0) builder_put_u8(&builder, 0xff);
        if (i == 1) builder_put_u16(&builder, 0xffff);
        if (i == 2) builder_put_u32(&builder, 0xffffffff);
        if (i == 3) builder_put_u64(&builder, UINT64_MAX);
        if (i == 4) builder_put_text(&builder, "abc");
        if (i == 5) builder_put_decimal(&builder, 123);
        if (i == 6) builder_put_zeros(&builder, 3);
        expect_u64("nothing was written", builder.size + memory[0], 0);
        builder_put_zeros(&builder, 0);
        builder_put_text(&builder, "");
        expect_true("no space any more", !builder_space(&builder, 0));
        const status got = builder_finish(&builder, &written);
        expect_refused("finish", got, FULL);
        expect_kind("finish", got, FAILURE_OVER_LIMIT);
        expect_true("nothing delivered", !written.bytes);
    }
}

static void fills_exactly(void)
{
    uint8_t memory[3];
    struct builder builder;
    slice written;
    builder_init(&builder, memory, sizeof memory);
    uint8_t *space = builder_space(&builder, 3);
    expect_true("all of it", space == memory);
    expect_ok("finish", builder_finish(&builder, &written));
    expect_true("a huge size does not wrap", !builder_space(&builder, SIZE_MAX));
}

static void over_an_arena(void)
{
    struct arena arena = {0};
    struct builder builder;
    slice written = {0};
    if (!expect_ok("arena", arena_open(&arena, 64))) return;
    builder_init_arena(&builder, &arena, 10);
    builder_put_text(&builder, "0123456789");
    expect_ok("ten", builder_finish(&builder, &written));
    expect_text("bytes", written, "0123456789");
    builder_init_arena(&builder, &arena, 64);
    expect_refused("an arena without room", builder_finish(&builder, &written), FULL);
    builder_put_u8(&builder, 1);
    expect_u64("nothing", builder.size, 0);
    arena_close(&arena);
}

static void marks(void)
{
    uint8_t memory[8];
    struct builder builder;
    slice written = {0};
    builder_init(&builder, memory, sizeof memory);
    builder_put_text(&builder, "ab");
    const size_t mark = builder_mark(&builder);
    expect_u64("nothing since", builder_since(&builder, mark).size, 0);
    builder_put_text(&builder, "cdef");
    expect_text("since", builder_since(&builder, mark), "cdef");
    expect_ok("finish", builder_finish_since(&builder, mark, &written));
    expect_text("finished", written, "cdef");
    expect_u64("left", builder_left_size(&builder), 2);
    builder_rewind(&builder, mark + 1);
    expect_text("taken back", builder_view(&builder), "abc");
    builder_put_text(&builder, "123456");
    expect_true("over", builder_is_over(&builder));
    expect_u64("nothing left", builder_left_size(&builder), 0);
    builder_rewind(&builder, mark);
    expect_true("over still", builder_is_over(&builder));
    expect_refused("finish", builder_finish_since(&builder, mark, &written), FULL);
}

static void inserting(void)
{
    uint8_t memory[8];
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    builder_put_text(&builder, "abcd");
    builder_insert(&builder, 2, slice_text("12"));
    expect_text("in the middle", builder_view(&builder), "ab12cd");
    builder_insert(&builder, 6, slice_text("x"));
    expect_text("at the end", builder_view(&builder), "ab12cdx");
    builder_insert(&builder, 0, slice_of(NULL, 0));
    builder_insert(&builder, 0, slice_text("y"));
    expect_text("in front", builder_view(&builder), "yab12cdx");
    builder_insert(&builder, 3, slice_text("z"));
    expect_text("no room", builder_view(&builder), "yab12cdx");
    expect_true("over", builder_is_over(&builder));
}

static void nested_parts(void)
{
    uint8_t memory[32];
    struct builder builder;
    slice written = {0};
    builder_init(&builder, memory, sizeof memory);
    builder_put_u8(&builder, 0xff);
    const size_t outer = builder_open_u32(&builder);
    builder_put_text(&builder, "a");
    const size_t inner = builder_open_u16(&builder);
    builder_put_text(&builder, "bcd");
    builder_close_u16(&builder, inner);
    const size_t empty = builder_open_u16(&builder);
    builder_close_u16(&builder, empty);
    builder_close_u32(&builder, outer);
    expect_ok("finish", builder_finish(&builder, &written));
    expect_hex("bytes", written, "ff 00000008 61 0003 626364 0000");
}

/* The largest part that two bytes can tell the size of, and one byte more. */
static void largest_part(void)
{
    static uint8_t memory[UINT16_MAX + 3];
    for (size_t size = UINT16_MAX; size <= UINT16_MAX + 1; size++) {
        struct builder builder;
        runner_row_at("size", size);
        builder_init(&builder, memory, sizeof memory);
        const size_t opened = builder_open_u16(&builder);
        builder_put_zeros(&builder, size);
        builder_close_u16(&builder, opened);
        expect_true("over", builder_is_over(&builder) == (size > UINT16_MAX));
        if (size == UINT16_MAX) expect_u64("size", 256u * memory[0] + memory[1], UINT16_MAX);
    }
}

static void parts_without_room(void)
{
    for (size_t size_max = 0; size_max <= 4; size_max++) {
        uint8_t memory[4];
        struct builder builder;
        runner_row_at("size", size_max);
        builder_init(&builder, memory, size_max);
        const size_t opened = builder_open_u16(&builder);
        builder_put_u16(&builder, 7);
        builder_close_u16(&builder, opened);
        expect_true("over", builder_is_over(&builder) == (size_max < 4));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"every put", every_put},
        {"decimals", decimals},
        {"overflow sticks", overflow_sticks},
        {"fills exactly", fills_exactly},
        {"over an arena", over_an_arena},
        {"marks", marks},
        {"inserting", inserting},
        {"nested parts", nested_parts},
        {"largest part", largest_part},
        {"parts without room", parts_without_room},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
