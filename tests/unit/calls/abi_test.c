#include "calls/abi.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "runner.h"

/*
 * One row: arguments and what they are read as. A letter of `types` is an argument: u uint256,
 * 8 uint8, a address, t truth value, s skipped, b bytes, B array of bytes. Arguments are written as
 * words: digits are a number, digits and "." are bytes filled up at their end, "=" and digits are
 * bytes as they stand. `wanted` is what is read, each value followed by a blank.
 */
struct row {
    const char *name, *types, *words, *wanted, *refusal;
};

static void put_token(struct builder *bytes, const char *token, size_t size)
{
    uint8_t word[ABI_WORD_SIZE] = {0};
    char digits[2 * ABI_WORD_SIZE + 1];
    if (token[0] == '=') {
        (void)snprintf(digits, sizeof digits, "%.*s", (int)size - 1, token + 1);
        builder_put(bytes, runner_hex(digits));
        return;
    }
    const bool is_left = token[size - 1] == '.';
    const char *odd = size % 2 == 1 && !is_left ? "0" : "";
    (void)snprintf(digits, sizeof digits, "%s%.*s", odd, (int)(is_left ? size - 1 : size), token);
    const slice read = runner_hex(digits);
    memcpy(is_left ? word : word + sizeof word - read.size, read.bytes, read.size);
    builder_put(bytes, slice_of(word, sizeof word));
}

static slice encode(const char *words)
{
    struct builder bytes;
    builder_init_arena(&bytes, runner_arena(), 8192);
    while (*words) {
        const size_t size = strcspn(words, " ");
        if (size > 0) put_token(&bytes, words, size);
        words += size + (words[size] == ' ');
    }
    return builder_view(&bytes);
}

static void put_argument(struct abi_reader *reader, char type, struct builder *text)
{
    struct abi_array array;
    switch (type) {
    case 'u': u256_print_decimal(text, abi_u256(reader)); break;
    case '8': u256_print_decimal(text, abi_narrow(reader, 8)); break;
    case 'a': address_print_lower(text, abi_address(reader)); break;
    case 't': builder_put_text(text, abi_bool(reader) ? "true" : "false"); break;
    case 's': abi_skip(reader); break;
    case 'b': hex_put_0x(text, abi_bytes(reader)); break;
    default:
        array = abi_bytes_array(reader);
        for (size_t i = 0; i < array.count; i++) {
            if (i > 0) builder_put_text(text, ",");
            hex_put_0x(text, abi_bytes(&array.elements));
        }
    }
    builder_put_text(text, " ");
}

static status read_all(slice arguments, const char *types, slice *text)
{
    struct builder builder;
    struct abi_reader reader = abi_open(arguments, strlen(types));
    builder_init_arena(&builder, runner_arena(), 8192);
    for (; *types; types++) put_argument(&reader, *types, &builder);
    *text = builder_view(&builder);
    return abi_finish(&reader);
}

static void expect_rows(const struct row *rows, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        slice text;
        runner_row(rows[i].name);
        const status read = read_all(encode(rows[i].words), rows[i].types, &text);
        if (expect_outcome("read", read, rows[i].refusal) && !rows[i].refusal) {
            expect_text("values", text, rows[i].wanted);
        }
    }
}

static const char SHORT[] = "abi: call data ends inside its arguments";
static const char LONG[] = "abi: bytes follow the last argument";
static const char WIDE[] = "abi: an argument is wider than its type";
static const char PLACE[] = "abi: a dynamic argument is not where it belongs";
static const char LARGE[] = "abi: an offset or length is too large";
static const char PADDING[] = "abi: padding must be zero";

static void words(void)
{
    static const struct row rows[] = {
        {"nothing", "", "", "", NULL},
        {"zero", "u", "0", "0 ", NULL},
        {"2^256 - 1", "u", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
         "115792089237316195423570985008687907853269984665640564039457584007913129639935 ", NULL},
        {"in order", "uu8", "1 2 3", "1 2 3 ", NULL},
        {"one byte short", "u", "=00000000000000000000000000000000000000000000000000000000000000",
         NULL, SHORT},
        {"no word", "u", "", NULL, SHORT},
        {"second word short", "uu", "1 =00000000000000000000000000000000", NULL, SHORT},
        {"one byte long", "u", "1 =00", NULL, LONG},
        {"one word long", "u", "1 0", NULL, LONG},
        {"a byte where nothing is taken", "", "=00", NULL, LONG},
        {"uint8 of 255", "8", "ff", "255 ", NULL},
        {"uint8 of 256", "8", "100", NULL, WIDE},
        {"uint8 with the first bit", "8",
         "8000000000000000000000000000000000000000000000000000000000000000", NULL, WIDE},
        {"address", "a", "70997970c51812dc3a010c7d01b50e0d17dc79c8",
         "0x70997970c51812dc3a010c7d01b50e0d17dc79c8 ", NULL},
        {"zero address", "a", "0", "0x0000000000000000000000000000000000000000 ", NULL},
        {"largest address", "a", "ffffffffffffffffffffffffffffffffffffffff",
         "0xffffffffffffffffffffffffffffffffffffffff ", NULL},
        {"address with a bit above", "a", "10000000000000000000000000000000000000000", NULL, WIDE},
        {"address filled up at its end", "a", "70997970c51812dc3a010c7d01b50e0d17dc79c8.", NULL,
         WIDE},
        {"false", "t", "0", "false ", NULL},
        {"true", "t", "1", "true ", NULL},
        {"truth value 2", "t", "2", NULL, "abi: a truth value must be 0 or 1"},
        {"truth value 255", "t", "ff", NULL, "abi: a truth value must be 0 or 1"},
        {"truth value 257", "t", "101", NULL, WIDE},
        {"the first refusal stays", "t8u", "2 100 1", NULL, "abi: a truth value must be 0 or 1"},
        {"skipped", "su", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 5",
         " 5 ", NULL},
        {"skipped, short", "s", "=00", NULL, SHORT},
    };
    expect_rows(rows, ARRAY_COUNT(rows));
}

static void bytes(void)
{
    static const struct row rows[] = {
        {"none", "b", "20 0", "0x ", NULL},
        {"three", "b", "20 3 c0ffee.", "0xc0ffee ", NULL},
        {"31", "b", "20 1f 11111111111111111111111111111111111111111111111111111111111111.",
         "0x11111111111111111111111111111111111111111111111111111111111111 ", NULL},
        {"a whole word", "b",
         "20 20 1111111111111111111111111111111111111111111111111111111111111111",
         "0x1111111111111111111111111111111111111111111111111111111111111111 ", NULL},
        {"33", "b", "20 21 1111111111111111111111111111111111111111111111111111111111111111 22.",
         "0x111111111111111111111111111111111111111111111111111111111111111122 ", NULL},
        {"two of them", "bub", "60 7 a0 1 aa. 2 bbcc.", "0xaa 7 0xbbcc ", NULL},
        {"no length", "b", "20", NULL, SHORT},
        {"length one byte short", "b",
         "20 =00000000000000000000000000000000000000000000000000000000000000", NULL, SHORT},
        {"no bytes", "b", "20 1", NULL, SHORT},
        {"not filled up", "b", "20 3 =c0ffee", NULL, SHORT},
        {"one byte short", "b",
         "20 3 =c0ffee00000000000000000000000000000000000000000000000000000000", NULL, SHORT},
        {"one byte long", "b", "20 3 c0ffee. =00", NULL, LONG},
        {"one word long", "b", "20 3 c0ffee. 0", NULL, LONG},
        {"dirty padding, first byte", "b", "20 3 c0ffee01.", NULL, PADDING},
        {"dirty padding, last byte", "b",
         "20 1 aa00000000000000000000000000000000000000000000000000000000000001", NULL, PADDING},
        {"offset into the head", "b", "0 0", NULL, PLACE},
        {"offset into a word", "b", "1f 0 0", NULL, PLACE},
        {"offset leaves a gap", "b", "40 0 0", NULL, PLACE},
        {"offset past the end", "b", "60 0", NULL, PLACE},
        {"offsets overlap", "bb", "40 40 1 aa.", NULL, PLACE},
        {"offsets out of order", "bb", "80 40 1 aa. 1 bb.", NULL, PLACE},
        {"gap between two", "bb", "40 a0 1 aa. 0 1 bb.", NULL, PLACE},
        {"offset of 2^32 - 1", "b", "ffffffff 0", NULL, PLACE},
        {"offset of 2^32", "b", "100000000 0", NULL, LARGE},
        {"offset that wraps 64 bits to its place", "b", "10000000000000020 0", NULL, LARGE},
        {"length of 2^32 - 1", "b", "20 ffffffff", NULL, SHORT},
        {"length of 2^32", "b", "20 100000000", NULL, LARGE},
        {"length that wraps 64 bits", "b", "20 10000000000000000", NULL, LARGE},
        {"length of 2^256 - 1", "b",
         "20 ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", NULL, LARGE},
    };
    expect_rows(rows, ARRAY_COUNT(rows));
}

static void arrays(void)
{
    static const struct row rows[] = {
        {"none", "B", "20 0", " ", NULL},
        {"one of no bytes", "B", "20 1 20 0", "0x ", NULL},
        {"two", "uB", "5 40 2 40 80 1 aa. 2 bbcc.", "5 0xaa,0xbbcc ", NULL},
        {"no count", "B", "20", NULL, SHORT},
        {"no offsets", "B", "20 2 40", NULL, SHORT},
        {"no element", "B", "20 1 20", NULL, SHORT},
        {"element one word short", "B", "20 2 40 80 1 aa. 1", NULL, SHORT},
        {"a word behind it", "B", "20 1 20 0 0", NULL, LONG},
        {"a word behind an empty one", "B", "20 0 0", NULL, LONG},
        {"array in the head", "B", "0 0", NULL, PLACE},
        {"gap before the array", "B", "40 0 0", NULL, PLACE},
        {"elements overlap", "B", "20 2 40 40 1 aa.", NULL, PLACE},
        {"elements out of order", "B", "20 2 80 40 1 aa. 1 bb.", NULL, PLACE},
        {"gap between elements", "B", "20 2 40 a0 1 aa. 0 1 bb.", NULL, PLACE},
        {"dirty padding of an element", "B", "20 1 20 1 aa01.", NULL, PADDING},
        {"offset of an element too large", "B", "20 1 100000000 0", NULL, LARGE},
        {"length of an element too large", "B", "20 1 20 100000000", NULL, LARGE},
        {"count of 2^32", "B", "20 100000000", NULL, LARGE},
        {"count of 2^32 - 1", "B", "20 ffffffff", NULL, "abi: an array has too many elements"},
        {"something behind the array", "Bb", "40 60 0 0", NULL, LONG},
    };
    expect_rows(rows, ARRAY_COUNT(rows));
}

/* An array of `count` empty elements. */
static slice build_array(size_t count)
{
    struct builder builder;
    uint8_t word[ABI_WORD_SIZE];
    builder_init_arena(&builder, runner_arena(), 8192);
    builder_put(&builder, encode("20"));
    u256_write_word(u256_of(count), word);
    builder_put(&builder, slice_of(word, sizeof word));
    for (size_t i = 0; i < count; i++) {
        u256_write_word(u256_of((count + i) * ABI_WORD_SIZE), word);
        builder_put(&builder, slice_of(word, sizeof word));
    }
    builder_put_zeros(&builder, count * ABI_WORD_SIZE);
    return builder_view(&builder);
}

static void array_counts(void)
{
    slice text;
    expect_ok("64", read_all(build_array(ABI_ARRAY_COUNT_MAX), "B", &text));
    expect_u64("all of them", text.size, (size_t)3 * ABI_ARRAY_COUNT_MAX);
    expect_refused("65", read_all(build_array(ABI_ARRAY_COUNT_MAX + 1), "B", &text),
                   "abi: an array has too many elements");
    expect_text("nothing is delivered", text, " ");
}

/* After a refusal every value is zero, whatever follows. */
static void refusals_stick(void)
{
    slice text;
    const slice arguments =
        encode("2 ff 70997970c51812dc3a010c7d01b50e0d17dc79c8 1 c0 5 e0 1 aa. 0");
    expect_refused("read", read_all(arguments, "t8atbuB", &text),
                   "abi: a truth value must be 0 or 1");
    expect_text("zeros", text, "false 0 0x0000000000000000000000000000000000000000 false 0x 0  ");
}

/* Who forgets an argument is told, instead of taking half a call for a whole one. */
static void forgotten_argument(void)
{
    struct abi_reader reader = abi_open(encode("1 2"), 2);
    (void)abi_u256(&reader);
    expect_kind("finish", abi_finish(&reader), FAILURE_INTERNAL);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"words", words},
        {"bytes", bytes},
        {"arrays", arrays},
        {"array counts", array_counts},
        {"refusals stick", refusals_stick},
        {"forgotten argument", forgotten_argument},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
