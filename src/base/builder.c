#include "base/builder.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"

void builder_init(struct builder *builder, void *memory, size_t size_max)
{
    *builder = (struct builder){memory, 0, size_max, false};
}

void builder_init_arena(struct builder *builder, struct arena *arena, size_t size_max)
{
    void *memory = NULL;
    const status taken = arena_take(arena, size_max, &memory);
    *builder = (struct builder){memory, 0, memory ? size_max : 0, !status_is_ok(taken)};
}

uint8_t *builder_space(struct builder *builder, size_t size)
{
    if (builder->is_over || size > builder->size_max - builder->size) {
        builder->is_over = true;
        return NULL;
    }
    uint8_t *space = builder->bytes + builder->size;
    builder->size += size;
    return space;
}

void builder_put(struct builder *builder, slice bytes)
{
    if (bytes.size == 0) return;
    uint8_t *space = builder_space(builder, bytes.size);
    if (space) memcpy(space, bytes.bytes, bytes.size);
}

void builder_put_text(struct builder *builder, const char *text)
{
    builder_put(builder, slice_text(text));
}

/* Writes the low `width` bytes of a number, most significant first. */
static void write_number(uint8_t *space, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++) space[width - 1 - i] = (uint8_t)(value >> (8 * i));
}

static void put_number(struct builder *builder, size_t width, uint64_t value)
{
    uint8_t *space = builder_space(builder, width);
    if (space) write_number(space, width, value);
}

void builder_put_u8(struct builder *builder, uint8_t value)
{
    put_number(builder, sizeof value, value);
}

void builder_put_u16(struct builder *builder, uint16_t value)
{
    put_number(builder, sizeof value, value);
}

void builder_put_u32(struct builder *builder, uint32_t value)
{
    put_number(builder, sizeof value, value);
}

void builder_put_u64(struct builder *builder, uint64_t value)
{
    put_number(builder, sizeof value, value);
}

void builder_put_zeros(struct builder *builder, size_t size)
{
    uint8_t *space = builder_space(builder, size);
    if (space && size > 0) memset(space, 0, size);
}

void builder_put_decimal(struct builder *builder, uint64_t value)
{
    uint8_t digits[20]; /* the largest 64-bit number has twenty */
    size_t start = sizeof digits;
    do {
        digits[--start] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    builder_put(builder, slice_of(digits + start, sizeof digits - start));
}

slice builder_view(const struct builder *builder)
{
    return slice_of(builder->bytes, builder->size);
}

bool builder_is_over(const struct builder *builder)
{
    return builder->is_over;
}

size_t builder_left_size(const struct builder *builder)
{
    return builder->is_over ? 0 : builder->size_max - builder->size;
}

size_t builder_mark(const struct builder *builder)
{
    return builder->size;
}

slice builder_since(const struct builder *builder, size_t mark)
{
    return slice_part(builder_view(builder), mark, builder->size);
}

void builder_rewind(struct builder *builder, size_t mark)
{
    assert(mark <= builder->size);
    builder->size = mark;
}

void builder_insert(struct builder *builder, size_t mark, slice bytes)
{
    assert(mark <= builder->size);
    const size_t moved_size = builder->size - mark;
    if (bytes.size == 0 || !builder_space(builder, bytes.size)) return;
    uint8_t *at = builder->bytes + mark;
    memmove(at + bytes.size, at, moved_size);
    memcpy(at, bytes.bytes, bytes.size);
}

static size_t open_part(struct builder *builder, size_t width)
{
    const size_t opened = builder->size;
    builder_put_zeros(builder, width);
    return opened;
}

static void close_part(struct builder *builder, size_t opened, size_t width)
{
    /* The size itself may be what did not fit. */
    if (builder->is_over) return;
    assert(opened + width <= builder->size);
    const uint64_t size = builder->size - opened - width;
    if (size >> (8 * width) != 0) builder->is_over = true;
    else write_number(builder->bytes + opened, width, size);
}

size_t builder_open_u16(struct builder *builder)
{
    return open_part(builder, sizeof(uint16_t));
}

void builder_close_u16(struct builder *builder, size_t opened)
{
    close_part(builder, opened, sizeof(uint16_t));
}

size_t builder_open_u32(struct builder *builder)
{
    return open_part(builder, sizeof(uint32_t));
}

void builder_close_u32(struct builder *builder, size_t opened)
{
    close_part(builder, opened, sizeof(uint32_t));
}

status builder_finish(const struct builder *builder, slice *written)
{
    REQUIRE(!builder->is_over, OVER_LIMIT, "builder: result does not fit");
    *written = builder_view(builder);
    return status_ok();
}

status builder_finish_since(const struct builder *builder, size_t mark, slice *written)
{
    slice all = {0};
    TRY(builder_finish(builder, &all));
    *written = slice_part(all, mark, all.size);
    return status_ok();
}
