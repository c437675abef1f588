#include "base/base64.h"

enum { GROUP_BYTES = 3, GROUP_DIGITS = 4 };

/* The two characters in which the alphabets differ, for the values 62 and 63. */
struct alphabet {
    uint8_t digit_62, digit_63;
    bool has_padding;
};

static const struct alphabet STANDARD = {'+', '/', true};
static const struct alphabet URL = {'-', '_', false};

/* All ones when `value` lies between `low` and `high`, else zero; without a branch. */
static unsigned mask_between(unsigned value, unsigned low, unsigned high)
{
    return (((value - low) | (high - value)) >> 31) - 1u;
}

static uint8_t digit_print(const struct alphabet *alphabet, unsigned value)
{
    return (uint8_t)((('A' + value) & mask_between(value, 0, 25)) |
                     (('a' + value - 26u) & mask_between(value, 26, 51)) |
                     (('0' + value - 52u) & mask_between(value, 52, 61)) |
                     (alphabet->digit_62 & mask_between(value, 62, 62)) |
                     (alphabet->digit_63 & mask_between(value, 63, 63)));
}

/* The digit's value, or 64 when it is none. */
static unsigned digit_parse(const struct alphabet *alphabet, unsigned character)
{
    const unsigned upper = mask_between(character, 'A', 'Z');
    const unsigned lower = mask_between(character, 'a', 'z');
    const unsigned decimal = mask_between(character, '0', '9');
    const unsigned is_62 = mask_between(character, alphabet->digit_62, alphabet->digit_62);
    const unsigned is_63 = mask_between(character, alphabet->digit_63, alphabet->digit_63);
    return ((character - 'A') & upper) | ((character - 'a' + 26u) & lower) |
           ((character - '0' + 52u) & decimal) | (62u & is_62) | (63u & is_63) |
           (64u & ~(upper | lower | decimal | is_62 | is_63));
}

static void put_encoded(struct builder *builder, const struct alphabet *alphabet, slice bytes)
{
    for (size_t i = 0; i < bytes.size; i += GROUP_BYTES) {
        const size_t left_size = bytes.size - i;
        const unsigned second = left_size > 1 ? bytes.bytes[i + 1] : 0u;
        const unsigned third = left_size > 2 ? bytes.bytes[i + 2] : 0u;
        const unsigned group = (unsigned)bytes.bytes[i] << 16 | second << 8 | third;
        const size_t digit_count = left_size > 2 ? GROUP_DIGITS : left_size + 1;
        for (size_t k = 0; k < GROUP_DIGITS; k++) {
            const unsigned value = group >> (18 - 6 * k) & 63u;
            if (k < digit_count) builder_put_u8(builder, digit_print(alphabet, value));
            else if (alphabet->has_padding) builder_put_u8(builder, '=');
        }
    }
}

/* Takes the padding off, so that both alphabets go on alike. */
static status skip_padding(slice *text)
{
    REQUIRE(text->size % GROUP_DIGITS == 0, BAD_INPUT, "base64: length is not a multiple of four");
    for (int i = 0; i < 2 && text->size > 0 && text->bytes[text->size - 1] == '='; i++) {
        text->size--;
    }
    return status_ok();
}

/* Writes what the digits stand for. Where they are wrong is not to be told by time. */
static status decode(const struct alphabet *alphabet, slice text, uint8_t *bytes)
{
    unsigned refused = 0, bits = 0;
    for (size_t i = 0, written = 0, bit_count = 0; i < text.size; i++) {
        const unsigned value = digit_parse(alphabet, text.bytes[i]);
        refused |= value;
        bits = (bits << 6 | value) & 0xfffu;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes[written++] = (uint8_t)(bits >> bit_count);
            bits &= (1u << bit_count) - 1u;
        }
    }
    REQUIRE((refused & 64u) == 0, BAD_INPUT, "base64: has a character outside the alphabet");
    REQUIRE(bits == 0, BAD_INPUT, "base64: padding bits are not zero");
    return status_ok();
}

static status put_decoded(struct builder *builder, const struct alphabet *alphabet, slice text)
{
    if (alphabet->has_padding) TRY(skip_padding(&text));
    REQUIRE(text.size % GROUP_DIGITS != 1, BAD_INPUT, "base64: ends inside a byte");
    const size_t tail_count = text.size % GROUP_DIGITS;
    const size_t size = text.size / GROUP_DIGITS * GROUP_BYTES + (tail_count ? tail_count - 1 : 0);
    REQUIRE(size <= builder_left_size(builder), OVER_LIMIT, "base64: text is too long");
    const size_t mark = builder_mark(builder);
    const status decoded = decode(alphabet, text, builder_space(builder, size));
    if (!status_is_ok(decoded)) builder_rewind(builder, mark);
    return decoded;
}

void base64_put(struct builder *builder, slice bytes)
{
    put_encoded(builder, &STANDARD, bytes);
}

void base64_put_url(struct builder *builder, slice bytes)
{
    put_encoded(builder, &URL, bytes);
}

status base64_put_decoded(struct builder *builder, slice text)
{
    return put_decoded(builder, &STANDARD, text);
}

status base64_put_decoded_url(struct builder *builder, slice text)
{
    return put_decoded(builder, &URL, text);
}
