#include "eth/u256.h"

enum { LIMB_COUNT = 4, LIMB_SIZE = 8, DECIMAL_CHUNK_DIGITS = 19 };

/* 10^19, the largest power of ten in a limb. */
static const uint64_t DECIMAL_CHUNK = UINT64_C(10000000000000000000);

/* gcc and clang have it on every 64-bit machine; ISO C does not. */
__extension__ typedef unsigned __int128 u128;

u256 u256_of(uint64_t value)
{
    return (u256){{value, 0, 0, 0}};
}

bool u256_is_zero(u256 value)
{
    return (value.limbs[0] | value.limbs[1] | value.limbs[2] | value.limbs[3]) == 0;
}

int u256_compare(u256 a, u256 b)
{
    for (size_t i = LIMB_COUNT; i-- > 0;) {
        if (a.limbs[i] != b.limbs[i]) return a.limbs[i] < b.limbs[i] ? -1 : 1;
    }
    return 0;
}

bool u256_equal(u256 a, u256 b)
{
    return u256_compare(a, b) == 0;
}

status u256_add(u256 a, u256 b, u256 *sum)
{
    u256 result;
    u128 carry = 0;
    for (size_t i = 0; i < LIMB_COUNT; i++) {
        carry += (u128)a.limbs[i] + b.limbs[i];
        result.limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    REQUIRE(carry == 0, OVER_LIMIT, "u256: number needs more than 256 bits");
    *sum = result;
    return status_ok();
}

status u256_multiply(u256 a, uint64_t b, u256 *product)
{
    u256 result;
    u128 carry = 0;
    for (size_t i = 0; i < LIMB_COUNT; i++) {
        carry += (u128)a.limbs[i] * b;
        result.limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    REQUIRE(carry == 0, OVER_LIMIT, "u256: number needs more than 256 bits");
    *product = result;
    return status_ok();
}

status u256_to_u64(u256 value, uint64_t *narrow)
{
    REQUIRE((value.limbs[1] | value.limbs[2] | value.limbs[3]) == 0, OVER_LIMIT,
            "u256: number needs more than 64 bits");
    *narrow = value.limbs[0];
    return status_ok();
}

status u256_read(slice bytes, u256 *value)
{
    REQUIRE(bytes.size <= U256_SIZE, BAD_INPUT, "u256: number has more than 32 bytes");
    REQUIRE(bytes.size == 0 || bytes.bytes[0] != 0, BAD_INPUT,
            "u256: number has a leading zero byte");
    u256 result = {0};
    for (size_t i = 0; i < bytes.size; i++) {
        const size_t at = bytes.size - 1 - i;
        result.limbs[i / LIMB_SIZE] |= (uint64_t)bytes.bytes[at] << (i % LIMB_SIZE * 8);
    }
    *value = result;
    return status_ok();
}

u256 u256_read_word(const uint8_t bytes[U256_SIZE])
{
    u256 value = {0};
    for (size_t i = 0; i < U256_SIZE; i++) {
        value.limbs[i / LIMB_SIZE] |= (uint64_t)bytes[U256_SIZE - 1 - i] << (i % LIMB_SIZE * 8);
    }
    return value;
}

void u256_write_word(u256 value, uint8_t bytes[U256_SIZE])
{
    for (size_t i = 0; i < U256_SIZE; i++) {
        bytes[U256_SIZE - 1 - i] = (uint8_t)(value.limbs[i / LIMB_SIZE] >> (i % LIMB_SIZE * 8));
    }
}

void u256_put(struct builder *builder, u256 value)
{
    uint8_t bytes[U256_SIZE];
    size_t start = 0;
    u256_write_word(value, bytes);
    while (start < U256_SIZE && bytes[start] == 0) start++;
    builder_put(builder, slice_of(bytes + start, U256_SIZE - start));
}

status u256_parse_decimal(slice text, u256 *value)
{
    REQUIRE(text.size > 0, BAD_INPUT, "u256: number has no digits");
    REQUIRE(text.size == 1 || text.bytes[0] != '0', BAD_INPUT, "u256: number has a leading zero");
    u256 result = {0};
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t digit = (uint8_t)(text.bytes[i] - '0');
        REQUIRE(digit <= 9, BAD_INPUT, "u256: number has a character that is not a digit");
        TRY(u256_multiply(result, 10, &result));
        TRY(u256_add(result, u256_of(digit), &result));
    }
    *value = result;
    return status_ok();
}

/* Divides in place and gives the remainder. */
static uint64_t divide(u256 *value, uint64_t divisor)
{
    u128 rest = 0;
    for (size_t i = LIMB_COUNT; i-- > 0;) {
        rest = rest << 64 | value->limbs[i];
        value->limbs[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint64_t)rest;
}

void u256_print_decimal(struct builder *builder, u256 value)
{
    uint8_t digits[U256_DECIMAL_SIZE_MAX];
    size_t start = sizeof digits;
    do {
        uint64_t chunk = divide(&value, DECIMAL_CHUNK);
        const bool is_first = u256_is_zero(value);
        for (size_t i = 0; i < DECIMAL_CHUNK_DIGITS && !(is_first && i > 0 && chunk == 0); i++) {
            digits[--start] = (uint8_t)('0' + chunk % 10);
            chunk /= 10;
        }
    } while (!u256_is_zero(value));
    builder_put(builder, slice_of(digits + start, sizeof digits - start));
}

/* The digit's value, or 16. Quantities are public, so it may branch. */
static uint8_t digit_parse(uint8_t character)
{
    if (character >= '0' && character <= '9') return (uint8_t)(character - '0');
    if (character >= 'a' && character <= 'f') return (uint8_t)(character - 'a' + 10);
    if (character >= 'A' && character <= 'F') return (uint8_t)(character - 'A' + 10);
    return 16;
}

status u256_parse_quantity(slice text, u256 *value)
{
    static const slice prefix = SLICE_LITERAL("0x");
    REQUIRE(slice_has_start(text, prefix), BAD_INPUT, "u256: number must start with 0x");
    const slice digits = slice_part(text, prefix.size, text.size);
    REQUIRE(digits.size > 0, BAD_INPUT, "u256: number has no digits");
    REQUIRE(digits.size == 1 || digits.bytes[0] != '0', BAD_INPUT,
            "u256: number has a leading zero");
    REQUIRE(digits.size <= 2 * U256_SIZE, OVER_LIMIT, "u256: number needs more than 256 bits");
    u256 result = {0};
    for (size_t i = 0; i < digits.size; i++) {
        const uint8_t digit = digit_parse(digits.bytes[digits.size - 1 - i]);
        REQUIRE(digit < 16, BAD_INPUT, "u256: number has a character that is not a digit");
        result.limbs[i / 16] |= (uint64_t)digit << (i % 16 * 4);
    }
    *value = result;
    return status_ok();
}

void u256_print_quantity(struct builder *builder, u256 value)
{
    builder_put_text(builder, "0x");
    bool is_started = false;
    for (size_t i = 2 * U256_SIZE; i-- > 0;) {
        const uint8_t digit = value.limbs[i / 16] >> (i % 16 * 4) & 15;
        if (digit == 0 && !is_started && i > 0) continue;
        is_started = true;
        builder_put_u8(builder, (uint8_t)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}
