/*
 * Answers: RFC 8949, appendix A (examples of encoded data items), and its appendix F (examples that
 * are not well formed) where the subset has them.
 */
#include "base/cbor.h"

#include <string.h>

#include "runner.h"

/* Appendix A, integers. */
static const struct {
    const char *encoded;
    bool is_negative;
    uint64_t value; /* of a negative one, -1 - value is meant */
} integer_rows[] = {
    {"00", false, 0},
    {"01", false, 1},
    {"0a", false, 10},
    {"17", false, 23},
    {"1818", false, 24},
    {"1819", false, 25},
    {"1864", false, 100},
    {"18ff", false, 255},
    {"190100", false, 256},
    {"1903e8", false, 1000},
    {"19ffff", false, 65535},
    {"1a00010000", false, 65536},
    {"1a000f4240", false, 1000000},
    {"1affffffff", false, UINT32_MAX},
    {"1b0000000100000000", false, UINT64_C(1) << 32},
    {"1b000000e8d4a51000", false, 1000000000000},
    {"1b7fffffffffffffff", false, INT64_MAX},
    {"20", true, 0},
    {"29", true, 9},
    {"3822", true, 34}, /* COSE's ES384 */
    {"3863", true, 99},
    {"3903e7", true, 999},
    {"3b7fffffffffffffff", true, INT64_MAX},
};

static struct cbor_reader reader_of(const char *digits, unsigned leniency)
{
    struct cbor_reader reader;
    cbor_reader_init(&reader, runner_hex(digits), leniency);
    return reader;
}

static void integers(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(integer_rows); i++) {
        uint8_t memory[16];
        struct builder builder;
        int64_t got = 0;
        const int64_t value = integer_rows[i].is_negative ? -1 - (int64_t)integer_rows[i].value
                                                          : (int64_t)integer_rows[i].value;
        struct cbor_reader reader = reader_of(integer_rows[i].encoded, CBOR_CANONICAL);
        runner_row(integer_rows[i].encoded);
        expect_ok("read", cbor_take_i64(&reader, &got));
        expect_true("value", got == value);
        expect_ok("end", cbor_expect_end(&reader));
        builder_init(&builder, memory, sizeof memory);
        cbor_put_i64(&builder, value);
        expect_hex("written", builder_view(&builder), integer_rows[i].encoded);
    }
}

static void unsigned_integers(void)
{
    uint8_t memory[16];
    struct builder builder;
    uint64_t got = 0;
    struct cbor_reader reader = reader_of("1bffffffffffffffff", CBOR_CANONICAL);
    expect_ok("largest", cbor_take_u64(&reader, UINT64_MAX, &got));
    expect_u64("value", got, UINT64_MAX);
    builder_init(&builder, memory, sizeof memory);
    cbor_put_u64(&builder, UINT64_MAX);
    expect_hex("written", builder_view(&builder), "1bffffffffffffffff");
    reader = reader_of("1864", CBOR_CANONICAL);
    expect_ok("at its bound", cbor_take_u64(&reader, 100, &got));
    reader = reader_of("1864", CBOR_CANONICAL);
    expect_refused("above its bound", cbor_take_u64(&reader, 99, &got),
                   "cbor: integer is out of range");
    reader = reader_of("20", CBOR_CANONICAL);
    expect_refused("negative", cbor_take_u64(&reader, 99, &got),
                   "cbor: expected an unsigned integer");
    int64_t signed_got = 0;
    reader = reader_of("1b8000000000000000", CBOR_CANONICAL);
    expect_refused("above int64", cbor_take_i64(&reader, &signed_got),
                   "cbor: integer is out of range");
    reader = reader_of("3b8000000000000000", CBOR_CANONICAL);
    expect_refused("below int64", cbor_take_i64(&reader, &signed_got),
                   "cbor: integer is out of range");
    reader = reader_of("40", CBOR_CANONICAL);
    expect_refused("not an integer", cbor_take_i64(&reader, &signed_got),
                   "cbor: expected an integer");
}

static const char not_short[] = "cbor: number is not as short as it can be";
static const char too_short[] = "cbor: value is missing";
static const char past_end[] = "cbor: string runs past the end of the input";
static const char not_utf8[] = "cbor: text is not UTF-8";
static const char bad_simple[] = "cbor: floats, undefined and other simple values are not accepted";
static const char not_tag[] = "cbor: tags are not accepted here";
static const char wants_definite[] = "cbor: length must be definite";

/* One value, skipped whole, strictly and with every leniency. */
static const struct {
    const char *name, *encoded, *refusal, *lenient_refusal;
} value_rows[] = {
    /* appendix A */
    {"empty bytes", "40", NULL, NULL},
    {"bytes", "4401020304", NULL, NULL},
    {"empty text", "60", NULL, NULL},
    {"text", "6449455446", NULL, NULL},
    {"quote and backslash", "62225c", NULL, NULL},
    {"u umlaut", "62c3bc", NULL, NULL},
    {"water", "63e6b0b4", NULL, NULL},
    {"beyond the first plane", "64f0908591", NULL, NULL},
    {"false", "f4", NULL, NULL},
    {"true", "f5", NULL, NULL},
    {"null", "f6", NULL, NULL},
    {"empty array", "80", NULL, NULL},
    {"array", "83010203", NULL, NULL},
    {"arrays in an array", "8301820203820405", NULL, NULL},
    {"25 items", "98190102030405060708090a0b0c0d0e0f101112131415161718181819", NULL, NULL},
    {"empty map", "a0", NULL, NULL},
    {"map", "a201020304", NULL, NULL},
    {"map of text", "a26161016162820203", NULL, NULL},
    {"map in an array", "826161a161626163", NULL, NULL},
    {"indefinite empty array", "9fff", wants_definite, NULL},
    {"indefinite arrays", "9f018202039f0405ffff", wants_definite, NULL},
    {"indefinite inside definite", "83018202039f0405ff", wants_definite, NULL},
    {"indefinite map", "bf61610161629f0203ffff", wants_definite, NULL},
    {"indefinite map in an array", "826161bf61626163ff", wants_definite, NULL},
    {"undefined", "f7", bad_simple, bad_simple},
    {"half float", "f93c00", bad_simple, bad_simple},
    {"float", "fa47c35000", bad_simple, bad_simple},
    {"double", "fb3ff199999999999a", bad_simple, bad_simple},
    {"simple 16", "f0", bad_simple, bad_simple},
    {"simple 255", "f8ff", bad_simple, bad_simple},
    {"a date, tagged", "c11a514b67b0", not_tag, not_tag},
    {"chunked bytes", "5f42010243030405ff",
     "cbor: only arrays and maps may have an indefinite length",
     "cbor: only arrays and maps may have an indefinite length"},
    {"chunked text", "7f657374726561646d696e67ff",
     "cbor: only arrays and maps may have an indefinite length",
     "cbor: only arrays and maps may have an indefinite length"},
    /* appendix F */
    {"nothing", "", too_short, too_short},
    {"array two items short", "8201", too_short, too_short},
    {"map without its value", "a101", too_short, too_short},
    {"bytes past the end", "4200", past_end, past_end},
    {"huge bytes", "5bffffffffffffffff00", past_end, past_end},
    {"text past the end", "6261", past_end, past_end},
    {"indefinite array without an end", "9f01", wants_definite, too_short},
    {"indefinite map with half a pair", "bf00ff", wants_definite, bad_simple},
    {"break alone", "ff", bad_simple, bad_simple},
    {"break in a definite array", "8201ff", bad_simple, bad_simple},
    {"reserved 28", "1c", "cbor: head is reserved", "cbor: head is reserved"},
    {"reserved 30", "1e", "cbor: head is reserved", "cbor: head is reserved"},
    {"reserved 28 of an array", "9c", "cbor: head is reserved", "cbor: head is reserved"},
    {"indefinite integer", "1f", "cbor: only arrays and maps may have an indefinite length",
     "cbor: only arrays and maps may have an indefinite length"},
    /* long heads, on both sides of each size */
    {"23 in two bytes", "1817", not_short, NULL},
    {"24 in two bytes", "1818", NULL, NULL},
    {"255 in three bytes", "1900ff", not_short, NULL},
    {"256 in three bytes", "190100", NULL, NULL},
    {"65535 in five bytes", "1a0000ffff", not_short, NULL},
    {"65536 in five bytes", "1a00010000", NULL, NULL},
    {"2^32 - 1 in nine bytes", "1b00000000ffffffff", not_short, NULL},
    {"2^32 in nine bytes", "1b0000000100000000", NULL, NULL},
    {"long size of bytes", "580100", not_short, NULL},
    {"long count of an array", "980100", not_short, NULL},
    /* UTF-8: RFC 3629, section 4, both sides of each range */
    {"lone continuation", "6180", not_utf8, not_utf8},
    {"cut character", "61c3", not_utf8, not_utf8},
    {"wrong continuation", "62c3c3", not_utf8, not_utf8},
    {"long form of a slash", "62c0af", not_utf8, not_utf8},
    {"c1 begins nothing", "62c1bf", not_utf8, not_utf8},
    {"first of two bytes", "62c280", NULL, NULL},
    {"long form in three bytes", "63e09fbf", not_utf8, not_utf8},
    {"first of three bytes", "63e0a080", NULL, NULL},
    {"last before the surrogates", "63ed9fbf", NULL, NULL},
    {"first surrogate", "63eda080", not_utf8, not_utf8},
    {"long form in four bytes", "64f08fbfbf", not_utf8, not_utf8},
    {"first of four bytes", "64f0908080", NULL, NULL},
    {"the last character", "64f48fbfbf", NULL, NULL},
    {"one above it", "64f4908080", not_utf8, not_utf8},
    {"f5 begins nothing", "64f5808080", not_utf8, not_utf8},
    /* depth: CBOR_DEPTH_MAX maps and arrays around a value */
    {"four deep", "8181818100", NULL, NULL},
    {"five deep", "818181818100", "cbor: values are nested too deeply",
     "cbor: values are nested too deeply"},
    {"five deep in a map", "a100a100a100a100a10000", "cbor: values are nested too deeply",
     "cbor: values are nested too deeply"},
    {"array of 257", "990101", "cbor: map or array has too many items",
     "cbor: map or array has too many items"},
};

static void values(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(value_rows); i++) {
        runner_row(value_rows[i].name);
        struct cbor_reader reader = reader_of(value_rows[i].encoded, CBOR_CANONICAL);
        expect_outcome("strict", cbor_skip(&reader), value_rows[i].refusal);
        if (!value_rows[i].refusal) expect_ok("whole", cbor_expect_end(&reader));
        reader = reader_of(value_rows[i].encoded, CBOR_LONG_HEADS | CBOR_INDEFINITE);
        expect_outcome("lenient", cbor_skip(&reader), value_rows[i].lenient_refusal);
        if (!value_rows[i].lenient_refusal) expect_ok("whole", cbor_expect_end(&reader));
    }
}

static void leniencies_are_apart(void)
{
    struct cbor_reader reader = reader_of("9fff", CBOR_LONG_HEADS);
    expect_refused("indefinite", cbor_skip(&reader), wants_definite);
    reader = reader_of("1817", CBOR_INDEFINITE);
    expect_refused("long head", cbor_skip(&reader), not_short);
}

/* `count` zeros in an array, of which one is inside another array, so that it is 2 values more. */
static status skip_array(size_t count)
{
    uint8_t memory[300];
    struct builder builder;
    struct cbor_reader reader;
    builder_init(&builder, memory, sizeof memory);
    cbor_put_array(&builder, count + 1);
    cbor_put_array(&builder, 1);
    builder_put_zeros(&builder, 1 + count);
    cbor_reader_init(&reader, builder_view(&builder), CBOR_CANONICAL);
    return cbor_skip(&reader);
}

static void many_items(void)
{
    expect_ok("256 values", skip_array(253));
    expect_refused("257 values", skip_array(254), "cbor: skipped value has too many items");
}

static void typed_readers(void)
{
    bool truth = false;
    slice bytes = {0};
    struct cbor_items items;
    struct cbor_reader reader = reader_of("f5", CBOR_CANONICAL);
    expect_ok("true", cbor_take_bool(&reader, &truth));
    expect_true("is true", truth);
    reader = reader_of("f4", CBOR_CANONICAL);
    expect_ok("false", cbor_take_bool(&reader, &truth));
    expect_true("is false", !truth);
    reader = reader_of("f6", CBOR_CANONICAL);
    expect_refused("null as bool", cbor_take_bool(&reader, &truth), "cbor: expected true or false");
    expect_true("null", cbor_take_null(&reader));
    expect_true("no second null", !cbor_take_null(&reader));
    reader = reader_of("43010203", CBOR_CANONICAL);
    expect_ok("bytes", cbor_take_bytes(&reader, 3, 3, &bytes));
    expect_hex("are", bytes, "010203");
    reader = reader_of("43010203", CBOR_CANONICAL);
    expect_refused("too long", cbor_take_bytes(&reader, 0, 2, &bytes),
                   "cbor: byte string has the wrong size");
    reader = reader_of("43010203", CBOR_CANONICAL);
    expect_refused("too short", cbor_take_bytes(&reader, 4, 9, &bytes),
                   "cbor: byte string has the wrong size");
    reader = reader_of("63616263", CBOR_CANONICAL);
    expect_true("text comes next", cbor_is_text(&reader));
    expect_refused("text as bytes", cbor_take_bytes(&reader, 0, 9, &bytes),
                   "cbor: expected a byte string");
    reader = reader_of("63616263", CBOR_CANONICAL);
    expect_ok("text", cbor_take_text(&reader, 3, 3, &bytes));
    expect_text("is", bytes, "abc");
    reader = reader_of("63616263", CBOR_CANONICAL);
    expect_refused("long text", cbor_take_text(&reader, 0, 2, &bytes),
                   "cbor: text has the wrong size");
    reader = reader_of("63616263", CBOR_CANONICAL);
    expect_refused("short text", cbor_take_text(&reader, 4, 9, &bytes),
                   "cbor: text has the wrong size");
    reader = reader_of("62c328", CBOR_CANONICAL);
    expect_refused("bad text", cbor_take_text(&reader, 0, 9, &bytes), not_utf8);
    reader = reader_of("40", CBOR_CANONICAL);
    expect_true("bytes are no text", !cbor_is_text(&reader));
    expect_refused("bytes as text", cbor_take_text(&reader, 0, 9, &bytes),
                   "cbor: expected a text string");
    reader = reader_of("80", CBOR_CANONICAL);
    expect_refused("array as map", cbor_take_map(&reader, 9, &items), "cbor: expected a map");
    reader = reader_of("a0", CBOR_CANONICAL);
    expect_refused("map as array", cbor_take_array(&reader, 9, &items), "cbor: expected an array");
    reader = reader_of("d280", CBOR_CANONICAL);
    expect_true("another tag", !cbor_take_tag(&reader, 17));
    expect_true("tag 18", cbor_take_tag(&reader, 18));
    expect_true("once", !cbor_take_tag(&reader, 18));
    expect_refused("something follows", cbor_expect_end(&reader), "cbor: bytes follow the value");
}

/* Counts the items of an array, which are all one byte. */
static status count_items(const char *digits, size_t count_max, size_t *count)
{
    struct cbor_reader reader = reader_of(digits, CBOR_INDEFINITE);
    struct cbor_items items;
    bool has_next = false;
    *count = 0;
    TRY(cbor_take_array(&reader, count_max, &items));
    for (;;) {
        TRY(cbor_take_next(&reader, &items, &has_next));
        if (!has_next) return cbor_expect_end(&reader);
        TRY(cbor_skip(&reader));
        ++*count;
    }
}

static void item_counts(void)
{
    static const struct {
        const char *name, *encoded;
        size_t count_max, count;
        const char *refusal;
    } rows[] = {
        {"none", "80", 0, 0, NULL},
        {"at the limit", "83000000", 3, 3, NULL},
        {"over it", "83000000", 2, 0, "cbor: map or array has too many items"},
        {"indefinite none", "9fff", 0, 0, NULL},
        {"indefinite at the limit", "9f000000ff", 3, 3, NULL},
        {"indefinite over it", "9f000000ff", 2, 2, "cbor: map or array has too many items"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t count = 0;
        runner_row(rows[i].name);
        expect_outcome("read", count_items(rows[i].encoded, rows[i].count_max, &count),
                       rows[i].refusal);
        expect_u64("count", count, rows[i].count);
    }
}

static void written(void)
{
    uint8_t memory[64];
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    cbor_put_tag(&builder, 18);
    cbor_put_map(&builder, 24);
    cbor_put_array(&builder, 3);
    cbor_put_bool(&builder, true);
    cbor_put_bool(&builder, false);
    cbor_put_null(&builder);
    cbor_put_text(&builder, slice_text("a"));
    cbor_put_bytes(&builder, slice_text("b"));
    cbor_put_bytes_head(&builder, 4286);
    cbor_put_map_indefinite(&builder);
    cbor_put_array_indefinite(&builder);
    cbor_put_break(&builder);
    expect_hex("bytes", builder_view(&builder), "d2b81883f5f4f66161416259 10be bf9fff");
}

/* Whatever is accepted strictly has one encoding: written again it is the same. */
static status copy_value(struct cbor_reader *reader, struct builder *builder)
{
    uint64_t value = 0;
    slice bytes = {0};
    struct cbor_reader ahead = *reader;
    if (status_is_ok(cbor_take_u64(&ahead, UINT64_MAX, &value))) {
        cbor_put_u64(builder, value);
    } else if (ahead = *reader, status_is_ok(cbor_take_bytes(&ahead, 0, 64, &bytes))) {
        cbor_put_bytes(builder, bytes);
    } else if (ahead = *reader, status_is_ok(cbor_take_text(&ahead, 0, 64, &bytes))) {
        cbor_put_text(builder, bytes);
    } else {
        return cbor_skip(reader);
    }
    *reader = ahead;
    return status_ok();
}

static void accepted_is_canonical(void)
{
    size_t accepted_count = 0;
    for (size_t i = 0; i < 200000; i++) {
        uint8_t input[12], memory[16];
        struct cbor_reader reader;
        struct builder builder;
        runner_random(input, sizeof input);
        input[0] &= 0x7f; /* integers and strings */
        cbor_reader_init(&reader, slice_of(input, sizeof input), CBOR_CANONICAL);
        builder_init(&builder, memory, sizeof memory);
        if (!status_is_ok(copy_value(&reader, &builder)) || builder.size == 0) continue;
        accepted_count++;
        runner_row_at("input", i);
        expect_bytes("same", builder_view(&builder),
                     slice_of(input, sizeof input - reader.input.size));
    }
    runner_row(NULL);
    expect_true("many were accepted", accepted_count > 10000);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"integers", integers},
        {"unsigned integers", unsigned_integers},
        {"values", values},
        {"leniencies are apart", leniencies_are_apart},
        {"many items", many_items},
        {"typed readers", typed_readers},
        {"item counts", item_counts},
        {"written", written},
        {"accepted is canonical", accepted_is_canonical},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
