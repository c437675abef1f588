#include "base/hex.h"

static uint8_t digit_print(unsigned value)
{
    /* '0' + value, and 39 more to reach 'a' when value is above 9: 9 - value borrows then. */
    return (uint8_t)('0' + value + (((9u - value) >> 8) & 39u));
}

void hex_put(struct builder *builder, slice bytes)
{
    if (bytes.size > SIZE_MAX / 2) {
        builder->is_over = true;
        return;
    }
    uint8_t *space = builder_space(builder, bytes.size * 2);
    if (!space) return;
    for (size_t i = 0; i < bytes.size; i++) {
        space[2 * i] = digit_print(bytes.bytes[i] >> 4);
        space[2 * i + 1] = digit_print(bytes.bytes[i] & 15u);
    }
}

void hex_put_0x(struct builder *builder, slice bytes)
{
    builder_put_text(builder, "0x");
    hex_put(builder, bytes);
}

/* 0xff when `low` <= `value` <= `high`, else 0; without a branch. */
static unsigned mask_between(unsigned value, unsigned low, unsigned high)
{
    return ~(((value - low) | (high - value)) >> 8) & 0xffu;
}

/* The digit's value, or a number with bits above the low four when it is no digit. */
static unsigned digit_parse(uint8_t character)
{
    const unsigned lower = character | 0x20u;
    const unsigned decimal_mask = mask_between(character, '0', '9');
    const unsigned letter_mask = mask_between(lower, 'a', 'f');
    return ((character - (unsigned)'0') & decimal_mask) |
           ((lower - (unsigned)'a' + 10u) & letter_mask) | (~(decimal_mask | letter_mask) & 0xf0u);
}

status hex_read(slice text, uint8_t *bytes, size_t size)
{
    REQUIRE(text.size % 2 == 0, BAD_INPUT, "hex: has an odd number of digits");
    REQUIRE(text.size / 2 == size, BAD_INPUT, "hex: has the wrong number of digits");
    unsigned refused = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned high = digit_parse(text.bytes[2 * i]);
        const unsigned low = digit_parse(text.bytes[2 * i + 1]);
        refused |= high | low;
        bytes[i] = (uint8_t)(high << 4 | (low & 15u));
    }
    REQUIRE((refused & 0xf0u) == 0, BAD_INPUT, "hex: has a character that is not a hex digit");
    return status_ok();
}

static status skip_prefix(slice *text)
{
    static const slice prefix = SLICE_LITERAL("0x");
    REQUIRE(slice_has_start(*text, prefix), BAD_INPUT, "hex: must start with 0x");
    *text = slice_part(*text, prefix.size, text->size);
    return status_ok();
}

status hex_read_0x(slice text, uint8_t *bytes, size_t size)
{
    TRY(skip_prefix(&text));
    return hex_read(text, bytes, size);
}

status hex_put_decoded_0x(struct builder *builder, slice text)
{
    TRY(skip_prefix(&text));
    REQUIRE(text.size % 2 == 0, BAD_INPUT, "hex: has an odd number of digits");
    REQUIRE(text.size / 2 <= builder_left_size(builder), OVER_LIMIT, "hex: text is too long");
    const size_t mark = builder_mark(builder);
    const status read = hex_read(text, builder_space(builder, text.size / 2), text.size / 2);
    if (!status_is_ok(read)) builder_rewind(builder, mark);
    return read;
}
