#include "eth/u256.h"

#include <string.h>

#include "runner.h"

static const char LARGEST[] =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";

static const struct {
    const char *name, *text, *bytes, *refusal;
} decimals[] = {
    {"zero", "0", "", NULL},
    {"one", "1", "01", NULL},
    {"a byte", "255", "ff", NULL},
    {"19 digits", "9999999999999999999", "8ac7230489e7ffff", NULL},
    {"20 digits", "10000000000000000000", "8ac7230489e80000", NULL},
    {"2^64 - 1", "18446744073709551615", "ffffffffffffffff", NULL},
    {"2^64", "18446744073709551616", "010000000000000000", NULL},
    {"2^128", "340282366920938463463374607431768211456", "0100000000000000000000000000000000",
     NULL},
    {"10^38 and 1, zeros inside", "100000000000000000000000000000000000001",
     "4b3b4ca85a86c47a098a224000000001", NULL},
    {"2^256 - 1", LARGEST, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     NULL},
    {"2^256", "115792089237316195423570985008687907853269984665640564039457584007913129639936",
     NULL, "u256: number needs more than 256 bits"},
    {"10 * 2^256",
     "1157920892373161954235709850086879078532699846656405640394575840079131296399360", NULL,
     "u256: number needs more than 256 bits"},
    {"78 nines", "999999999999999999999999999999999999999999999999999999999999999999999999999999",
     NULL, "u256: number needs more than 256 bits"},
    {"empty", "", NULL, "u256: number has no digits"},
    {"leading zero", "01", NULL, "u256: number has a leading zero"},
    {"zero twice", "00", NULL, "u256: number has a leading zero"},
    {"sign", "-1", NULL, "u256: number has a character that is not a digit"},
    {"blank", " 1", NULL, "u256: number has a character that is not a digit"},
    {"slash, below 0", "1/", NULL, "u256: number has a character that is not a digit"},
    {"colon, above 9", "1:", NULL, "u256: number has a character that is not a digit"},
    {"hex", "0x1", NULL, "u256: number has a leading zero"},
};

static void decimal_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(decimals); i++) {
        runner_row(decimals[i].name);
        u256 value;
        const status got = u256_parse_decimal(slice_text(decimals[i].text), &value);
        if (!expect_outcome("parse", got, decimals[i].refusal) || decimals[i].refusal) continue;
        uint8_t bytes[U256_SIZE], text[U256_DECIMAL_SIZE_MAX];
        struct builder builder, printed;
        builder_init(&builder, bytes, sizeof bytes);
        u256_put(&builder, value);
        expect_hex("bytes", builder_view(&builder), decimals[i].bytes);
        builder_init(&printed, text, sizeof text);
        u256_print_decimal(&printed, value);
        expect_text("printed", builder_view(&printed), decimals[i].text);
    }
}

static const struct {
    const char *name, *text, *decimal, *refusal;
} quantities[] = {
    {"zero", "0x0", "0", NULL},
    {"65, from the JSON-RPC specification", "0x41", "65", NULL},
    {"1024, from the JSON-RPC specification", "0x400", "1024", NULL},
    {"both cases", "0xaBcDeF", "11259375", NULL},
    {"64 digits", "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", LARGEST,
     NULL},
    {"65 digits", "0x10000000000000000000000000000000000000000000000000000000000000000", NULL,
     "u256: number needs more than 256 bits"},
    {"no digits", "0x", NULL, "u256: number has no digits"},
    {"leading zero", "0x0400", NULL, "u256: number has a leading zero"},
    {"zero twice", "0x00", NULL, "u256: number has a leading zero"},
    {"no prefix", "ff", NULL, "u256: number must start with 0x"},
    {"upper-case X", "0Xff", NULL, "u256: number must start with 0x"},
    {"empty", "", NULL, "u256: number must start with 0x"},
    {"sign", "-0x1", NULL, "u256: number must start with 0x"},
    {"g", "0xfg", NULL, "u256: number has a character that is not a digit"},
    {"at sign, below A", "0x@", NULL, "u256: number has a character that is not a digit"},
    {"G, above F", "0xG", NULL, "u256: number has a character that is not a digit"},
    {"backquote, below a", "0x`", NULL, "u256: number has a character that is not a digit"},
    {"colon, above 9", "0x1:", NULL, "u256: number has a character that is not a digit"},
    {"slash, below 0", "0x1/", NULL, "u256: number has a character that is not a digit"},
    {"blank", "0x1 ", NULL, "u256: number has a character that is not a digit"},
};

static void quantity_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(quantities); i++) {
        runner_row(quantities[i].name);
        u256 value;
        const status got = u256_parse_quantity(slice_text(quantities[i].text), &value);
        if (!expect_outcome("parse", got, quantities[i].refusal) || quantities[i].refusal) continue;
        uint8_t text[U256_DECIMAL_SIZE_MAX];
        struct builder printed;
        builder_init(&printed, text, sizeof text);
        u256_print_decimal(&printed, value);
        expect_text("printed", builder_view(&printed), quantities[i].decimal);
    }
}

static u256 parsed(const char *decimal)
{
    u256 value = {0};
    expect_ok("parse", u256_parse_decimal(slice_text(decimal), &value));
    return value;
}

static void arithmetic(void)
{
    const u256 largest = parsed(LARGEST);
    const u256 half =
        parsed("57896044618658097711785492504343953926634992332820282019728792003956564819968");
    u256 result;
    expect_ok("largest + 0", u256_add(largest, u256_of(0), &result));
    expect_true("is the largest", u256_equal(result, largest));
    expect_refused("largest + 1", u256_add(largest, u256_of(1), &result),
                   "u256: number needs more than 256 bits");
    expect_true("untouched", u256_equal(result, largest));
    expect_refused("2^255 * 2", u256_multiply(half, 2, &result),
                   "u256: number needs more than 256 bits");
    expect_ok("largest * 1", u256_multiply(largest, 1, &result));
    expect_ok("(2^64 - 1)^2", u256_multiply(u256_of(UINT64_MAX), UINT64_MAX, &result));
    expect_true("is right", u256_equal(result, parsed("340282366920938463426481119284349108225")));
    expect_ok("carry", u256_add(u256_of(UINT64_MAX), u256_of(1), &result));
    expect_true("goes up", u256_equal(result, parsed("18446744073709551616")));
    expect_true("zero", u256_is_zero(u256_of(0)) && !u256_is_zero(half));
    expect_true("below", u256_compare(half, largest) < 0);
    expect_true("above", u256_compare(largest, half) > 0);
    expect_true("low limb", u256_compare(u256_of(1), u256_of(2)) < 0);
}

static void narrowing(void)
{
    uint64_t narrow = 0;
    expect_ok("2^64 - 1", u256_to_u64(u256_of(UINT64_MAX), &narrow));
    expect_true("is it", narrow == UINT64_MAX);
    expect_refused("2^64", u256_to_u64(parsed("18446744073709551616"), &narrow),
                   "u256: number needs more than 64 bits");
}

static void bytes_rows(void)
{
    u256 value;
    expect_ok("none", u256_read(slice_of(NULL, 0), &value));
    expect_true("is zero", u256_is_zero(value));
    expect_refused("zero byte", u256_read(runner_hex("00"), &value),
                   "u256: number has a leading zero byte");
    expect_refused("leading zero", u256_read(runner_hex("0001"), &value),
                   "u256: number has a leading zero byte");
    expect_refused("33 bytes",
                   u256_read(runner_hex("010000000000000000000000000000000000000000000000000000000"
                                        "000000000"),
                             &value),
                   "u256: number has more than 32 bytes");
}

/* Bytes, words and both texts of a number stand for each other. */
static void round_trips(void)
{
    for (size_t i = 0; i < 1000; i++) {
        runner_row_at("random", i);
        uint8_t word[U256_SIZE] = {0}, again[U256_SIZE], memory[3][U256_DECIMAL_SIZE_MAX];
        struct builder bytes, decimal, quantity;
        u256 value, back;
        const size_t size = i % (U256_SIZE + 1);
        runner_random(word + U256_SIZE - size, size);
        value = u256_read_word(word);
        u256_write_word(value, again);
        expect_bytes("word", slice_of(again, U256_SIZE), slice_of(word, U256_SIZE));
        builder_init(&bytes, memory[0], sizeof memory[0]);
        u256_put(&bytes, value);
        expect_ok("read", u256_read(builder_view(&bytes), &back));
        expect_true("bytes", u256_equal(value, back));
        builder_init(&decimal, memory[1], sizeof memory[1]);
        u256_print_decimal(&decimal, value);
        expect_ok("decimal", u256_parse_decimal(builder_view(&decimal), &back));
        expect_true("decimal", u256_equal(value, back));
        builder_init(&quantity, memory[2], U256_QUANTITY_SIZE_MAX);
        u256_print_quantity(&quantity, value);
        expect_ok("quantity", u256_parse_quantity(builder_view(&quantity), &back));
        expect_true("quantity", u256_equal(value, back));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"decimal", decimal_rows}, {"quantity", quantity_rows}, {"arithmetic", arithmetic},
        {"narrowing", narrowing},  {"bytes", bytes_rows},       {"round trips", round_trips},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
