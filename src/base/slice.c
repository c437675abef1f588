#include "base/slice.h"

#include <string.h>

slice slice_of(const void *bytes, size_t size)
{
    return (slice){bytes, size};
}

slice slice_text(const char *text)
{
    return (slice){(const uint8_t *)text, strlen(text)};
}

slice slice_part(slice whole, size_t offset, size_t size)
{
    if (offset >= whole.size) return (slice){whole.bytes, 0};
    const size_t left_size = whole.size - offset;
    return (slice){whole.bytes + offset, size < left_size ? size : left_size};
}

bool slice_equal(slice a, slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

bool slice_has_start(slice whole, slice start)
{
    return slice_equal(slice_part(whole, 0, start.size), start);
}

int slice_compare(slice a, slice b)
{
    const size_t shared_size = a.size < b.size ? a.size : b.size;
    const int order = shared_size == 0 ? 0 : memcmp(a.bytes, b.bytes, shared_size);
    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

size_t slice_index_of(slice whole, uint8_t byte)
{
    const uint8_t *found = whole.size == 0 ? NULL : memchr(whole.bytes, byte, whole.size);
    return found ? (size_t)(found - whole.bytes) : whole.size;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

slice slice_trim(slice text)
{
    while (text.size > 0 && is_blank(text.bytes[0])) text = slice_part(text, 1, text.size);
    while (text.size > 0 && is_blank(text.bytes[text.size - 1])) text.size--;
    return text;
}

status slice_take(slice *input, size_t size, slice *taken)
{
    REQUIRE(size <= input->size, BAD_INPUT, "slice: input ends too early");
    *taken = slice_part(*input, 0, size);
    *input = slice_part(*input, size, input->size);
    return status_ok();
}

status slice_take_copy(slice *input, size_t size, uint8_t *copy)
{
    slice taken;
    TRY(slice_take(input, size, &taken));
    if (size > 0) memcpy(copy, taken.bytes, size);
    return status_ok();
}

/* Takes `width` bytes as one big-endian number. */
static status take_number(slice *input, size_t width, uint64_t *value)
{
    slice taken;
    TRY(slice_take(input, width, &taken));
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++) number = number << 8 | taken.bytes[i];
    *value = number;
    return status_ok();
}

status slice_take_u8(slice *input, uint8_t *value)
{
    uint64_t number;
    TRY(take_number(input, sizeof *value, &number));
    *value = (uint8_t)number;
    return status_ok();
}

status slice_take_u16(slice *input, uint16_t *value)
{
    uint64_t number;
    TRY(take_number(input, sizeof *value, &number));
    *value = (uint16_t)number;
    return status_ok();
}

status slice_take_u32(slice *input, uint32_t *value)
{
    uint64_t number;
    TRY(take_number(input, sizeof *value, &number));
    *value = (uint32_t)number;
    return status_ok();
}

status slice_take_u64(slice *input, uint64_t *value)
{
    return take_number(input, sizeof *value, value);
}

status slice_expect_end(slice input)
{
    REQUIRE(input.size == 0, BAD_INPUT, "slice: bytes follow the end");
    return status_ok();
}

status slice_parse_u64(slice text, uint64_t value_max, uint64_t *value)
{
    REQUIRE(text.size > 0, BAD_INPUT, "number: text is empty");
    REQUIRE(text.size == 1 || text.bytes[0] != '0', BAD_INPUT, "number: has a leading zero");
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t digit = (uint8_t)(text.bytes[i] - '0');
        REQUIRE(digit <= 9, BAD_INPUT, "number: has a character that is not a digit");
        REQUIRE(digit <= value_max && number <= (value_max - digit) / 10, BAD_INPUT,
                "number: is too large");
        number = number * 10 + digit;
    }
    *value = number;
    return status_ok();
}
