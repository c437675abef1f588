#include "base/reader.h"

#include <string.h>

void reader_init(struct reader *reader, slice input)
{
    *reader = (struct reader){.left = input};
}

slice reader_slice(struct reader *reader, size_t size)
{
    if (size > reader->left.size) {
        /* Nothing is left from here on, or a shorter read that follows would give bytes again. */
        *reader = (struct reader){.left = {0}, .is_short = true};
        return (slice){0};
    }
    const slice taken = slice_part(reader->left, 0, size);
    reader->left = slice_part(reader->left, size, reader->left.size);
    return taken;
}

void reader_copy(struct reader *reader, void *copy, size_t size)
{
    const slice taken = reader_slice(reader, size);
    if (taken.size > 0) memcpy(copy, taken.bytes, taken.size);
    else if (size > 0) memset(copy, 0, size);
}

static uint64_t take_number(struct reader *reader, size_t width)
{
    const slice taken = reader_slice(reader, width);
    uint64_t number = 0;
    for (size_t i = 0; i < taken.size; i++) number = number << 8 | taken.bytes[i];
    return number;
}

uint8_t reader_u8(struct reader *reader)
{
    return (uint8_t)take_number(reader, 1);
}

uint16_t reader_u16(struct reader *reader)
{
    return (uint16_t)take_number(reader, 2);
}

uint32_t reader_u32(struct reader *reader)
{
    return (uint32_t)take_number(reader, 4);
}

uint64_t reader_u64(struct reader *reader)
{
    return take_number(reader, 8);
}

bytes16 reader_bytes16(struct reader *reader)
{
    bytes16 value;
    reader_copy(reader, value.bytes, sizeof value.bytes);
    return value;
}

bytes20 reader_bytes20(struct reader *reader)
{
    bytes20 value;
    reader_copy(reader, value.bytes, sizeof value.bytes);
    return value;
}

bytes32 reader_bytes32(struct reader *reader)
{
    bytes32 value;
    reader_copy(reader, value.bytes, sizeof value.bytes);
    return value;
}

slice reader_rest(struct reader *reader)
{
    return reader_slice(reader, reader->left.size);
}

size_t reader_left_size(const struct reader *reader)
{
    return reader->left.size;
}

status reader_check(const struct reader *reader)
{
    REQUIRE(!reader->is_short, BAD_INPUT, "reader: input ends too early");
    return status_ok();
}

status reader_finish(const struct reader *reader)
{
    TRY(reader_check(reader));
    REQUIRE(reader->left.size == 0, BAD_INPUT, "reader: bytes follow the end");
    return status_ok();
}
