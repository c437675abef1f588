#include "eth/rlp.h"

#include <string.h>

enum {
    STRING_SHORT = 0x80, /* plus the size: 0 to 55 bytes */
    STRING_LONG = 0xb7,  /* plus the number of size bytes: 1 to 8 */
    LIST_SHORT = 0xc0,
    LIST_LONG = 0xf7,
    SIZE_SHORT_MAX = 55,
    SIZE_WIDTH_MAX = 8,
};

/* Takes the size of a long item, written in `width` bytes. */
static status take_long_size(slice *input, size_t width, uint64_t *size)
{
    slice digits;
    REQUIRE(width <= input->size, BAD_INPUT, "rlp: item runs past the end of the input");
    TRY(slice_take(input, width, &digits));
    REQUIRE(digits.bytes[0] != 0, BAD_INPUT, "rlp: length has a leading zero");
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) value = value << 8 | digits.bytes[i];
    REQUIRE(value > SIZE_SHORT_MAX, BAD_INPUT, "rlp: long form where the short form would do");
    *size = value;
    return status_ok();
}

/* What follows a first byte of `short_form` (or more) is a payload of one of the two forms. */
static status take_payload(slice *input, uint8_t first, uint8_t short_form, slice *payload)
{
    uint64_t size = (uint64_t)first - short_form;
    if (size > SIZE_SHORT_MAX) {
        TRY(take_long_size(input, (size_t)(size - SIZE_SHORT_MAX), &size));
    }
    REQUIRE(size <= input->size, BAD_INPUT, "rlp: item runs past the end of the input");
    return slice_take(input, (size_t)size, payload);
}

status rlp_take(slice *input, struct rlp_item *item)
{
    slice rest = *input;
    struct rlp_item taken = {0};
    REQUIRE(rest.size > 0, BAD_INPUT, "rlp: an item is missing");
    const uint8_t first = rest.bytes[0];
    if (first < STRING_SHORT) {
        TRY(slice_take(&rest, 1, &taken.payload));
    } else {
        rest = slice_part(rest, 1, rest.size);
        taken.is_list = first >= LIST_SHORT;
        TRY(take_payload(&rest, first, taken.is_list ? LIST_SHORT : STRING_SHORT, &taken.payload));
        REQUIRE(taken.is_list || taken.payload.size != 1 || taken.payload.bytes[0] >= STRING_SHORT,
                BAD_INPUT, "rlp: single byte must stand for itself");
    }
    *input = rest;
    *item = taken;
    return status_ok();
}

status rlp_take_list(slice *input, slice *payload)
{
    slice rest = *input;
    struct rlp_item item;
    TRY(rlp_take(&rest, &item));
    REQUIRE(item.is_list, BAD_INPUT, "rlp: a string stands where a list belongs");
    *input = rest;
    *payload = item.payload;
    return status_ok();
}

status rlp_take_string(slice *input, slice *bytes)
{
    slice rest = *input;
    struct rlp_item item;
    TRY(rlp_take(&rest, &item));
    REQUIRE(!item.is_list, BAD_INPUT, "rlp: a list stands where a string belongs");
    *input = rest;
    *bytes = item.payload;
    return status_ok();
}

status rlp_take_bytes(slice *input, size_t size, uint8_t *bytes)
{
    slice rest = *input, string;
    TRY(rlp_take_string(&rest, &string));
    REQUIRE(string.size == size, BAD_INPUT, "rlp: string has the wrong size");
    *input = rest;
    return slice_take_copy(&string, size, bytes);
}

status rlp_take_u256(slice *input, u256 *value)
{
    slice rest = *input, string;
    TRY(rlp_take_string(&rest, &string));
    REQUIRE(string.size <= U256_SIZE, BAD_INPUT, "rlp: integer is wider than its field");
    REQUIRE(string.size == 0 || string.bytes[0] != 0, BAD_INPUT, "rlp: integer has a leading zero");
    TRY(u256_read(string, value));
    *input = rest;
    return status_ok();
}

status rlp_take_u64(slice *input, uint64_t *value)
{
    slice rest = *input;
    u256 wide;
    TRY(rlp_take_u256(&rest, &wide));
    REQUIRE(status_is_ok(u256_to_u64(wide, value)), BAD_INPUT,
            "rlp: integer is wider than its field");
    *input = rest;
    return status_ok();
}

status rlp_expect_end(slice input)
{
    REQUIRE(input.size == 0, BAD_INPUT, "rlp: bytes follow the last item");
    return status_ok();
}

/* Writes the prefix of a payload and says how long it is. */
static size_t write_prefix(uint8_t prefix[1 + SIZE_WIDTH_MAX], uint8_t short_form, size_t size)
{
    if (size <= SIZE_SHORT_MAX) {
        prefix[0] = (uint8_t)(short_form + size);
        return 1;
    }
    size_t width = 1;
    while (width < sizeof size && size >> (8 * width) != 0) width++;
    prefix[0] = (uint8_t)(short_form + SIZE_SHORT_MAX + width);
    for (size_t i = 0; i < width; i++) prefix[width - i] = (uint8_t)(size >> (8 * i));
    return 1 + width;
}

static void put(struct builder *builder, uint8_t short_form, slice payload)
{
    uint8_t prefix[1 + SIZE_WIDTH_MAX];
    const size_t prefix_size = write_prefix(prefix, short_form, payload.size);
    builder_put(builder, slice_of(prefix, prefix_size));
    builder_put(builder, payload);
}

void rlp_put_string(struct builder *builder, slice bytes)
{
    if (bytes.size == 1 && bytes.bytes[0] < STRING_SHORT) builder_put(builder, bytes);
    else put(builder, STRING_SHORT, bytes);
}

void rlp_put_u256(struct builder *builder, u256 value)
{
    uint8_t bytes[U256_SIZE];
    struct builder number;
    builder_init(&number, bytes, sizeof bytes);
    u256_put(&number, value);
    rlp_put_string(builder, builder_view(&number));
}

void rlp_put_u64(struct builder *builder, uint64_t value)
{
    rlp_put_u256(builder, u256_of(value));
}

void rlp_put_list(struct builder *builder, slice payload)
{
    put(builder, LIST_SHORT, payload);
}

size_t rlp_put_list_open(const struct builder *builder)
{
    return builder->size;
}

void rlp_put_list_close(struct builder *builder, size_t start)
{
    /* The prefix's size is only known now: the items move up to make room for it. */
    uint8_t prefix[1 + SIZE_WIDTH_MAX];
    const size_t payload_size = builder->size - start;
    const size_t prefix_size = write_prefix(prefix, LIST_SHORT, payload_size);
    if (!builder_space(builder, prefix_size)) return;
    memmove(builder->bytes + start + prefix_size, builder->bytes + start, payload_size);
    memcpy(builder->bytes + start, prefix, prefix_size);
}
