#include "base/slice.h"

#include "runner.h"

static const char ENDS[] = "slice: input ends too early";

static void views(void)
{
    const slice text = slice_text("abcdef");
    expect_u64("size", text.size, 6);
    expect_text("middle", slice_part(text, 2, 3), "cde");
    expect_text("cut off at the end", slice_part(text, 4, 100), "ef");
    expect_u64("from the end", slice_part(text, 6, 1).size, 0);
    expect_u64("from beyond", slice_part(text, SIZE_MAX, SIZE_MAX).size, 0);
    expect_text("whole", slice_part(text, 0, SIZE_MAX), "abcdef");
    static const slice literal = SLICE_LITERAL("abc");
    expect_text("literal", literal, "abc");
}

static void comparing(void)
{
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        {"", "", 0},     {"a", "a", 0},    {"a", "b", -1},    {"b", "a", 1},
        {"", "a", -1},   {"a", "", 1},     {"ab", "abc", -1}, {"abc", "ab", 1},
        {"b", "abc", 1}, {"abc", "b", -1}, {"\xff", "a", 1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row_at("pair", i);
        const slice a = slice_text(rows[i].a), b = slice_text(rows[i].b);
        const int order = slice_compare(a, b);
        expect_true("order", (order > 0) - (order < 0) == rows[i].order);
        expect_true("equal", slice_equal(a, b) == (rows[i].order == 0));
    }
    runner_row("no memory at all");
    expect_true("equal", slice_equal(slice_of(NULL, 0), slice_text("")));
    expect_u64("order", (uint64_t)slice_compare(slice_of(NULL, 0), slice_of(NULL, 0)), 0);
}

static void looking(void)
{
    expect_true("start", slice_has_start(slice_text("abc"), slice_text("ab")));
    expect_true("whole", slice_has_start(slice_text("abc"), slice_text("abc")));
    expect_true("nothing", slice_has_start(slice_text("abc"), slice_text("")));
    expect_true("longer", !slice_has_start(slice_text("abc"), slice_text("abcd")));
    expect_true("other", !slice_has_start(slice_text("abc"), slice_text("ac")));
    expect_u64("first", slice_index_of(slice_text("abcb"), 'b'), 1);
    expect_u64("none", slice_index_of(slice_text("abc"), 'x'), 3);
    expect_u64("empty", slice_index_of(slice_of(NULL, 0), 'x'), 0);
}

static void trimming(void)
{
    static const struct {
        const char *text, *trimmed;
    } rows[] = {
        {"a", "a"},   {" a", "a"}, {"a\t", "a"},       {" \t a b \t ", "a b"},
        {" \t ", ""}, {"", ""},    {"\na\r", "\na\r"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].text);
        expect_text("trimmed", slice_trim(slice_text(rows[i].text)), rows[i].trimmed);
    }
}

static void taking(void)
{
    slice input = slice_text("abcdef"), taken = {0};
    uint8_t copy[6] = {0};
    expect_refused("too much", slice_take(&input, 7, &taken), ENDS);
    expect_text("nothing taken", input, "abcdef");
    expect_true("nothing given", !taken.bytes);
    expect_ok("nothing", slice_take(&input, 0, &taken));
    expect_ok("two", slice_take(&input, 2, &taken));
    expect_text("two", taken, "ab");
    expect_refused("copy too much", slice_take_copy(&input, 5, copy), ENDS);
    expect_ok("copy none", slice_take_copy(&input, 0, copy));
    expect_ok("copy", slice_take_copy(&input, 3, copy));
    expect_text("copy", slice_of(copy, 3), "cde");
    expect_refused("not the end", slice_expect_end(input), "slice: bytes follow the end");
    expect_ok("rest", slice_take(&input, 1, &taken));
    expect_ok("end", slice_expect_end(input));
    expect_refused("past the end", slice_take(&input, 1, &taken), ENDS);
}

static void integers(void)
{
    const slice whole = runner_hex("01 0203 04050607 08090a0b0c0d0e0f");
    slice input = whole;
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    expect_ok("u8", slice_take_u8(&input, &u8));
    expect_ok("u16", slice_take_u16(&input, &u16));
    expect_ok("u32", slice_take_u32(&input, &u32));
    expect_ok("u64", slice_take_u64(&input, &u64));
    expect_u64("u8", u8, 1);
    expect_u64("u16", u16, 0x0203);
    expect_u64("u32", u32, 0x04050607);
    expect_u64("u64", u64, 0x08090a0b0c0d0e0f);
    expect_refused("u8", slice_take_u8(&input, &u8), ENDS);
    input = slice_part(whole, 0, 1);
    expect_refused("u16", slice_take_u16(&input, &u16), ENDS);
    input = slice_part(whole, 0, 3);
    expect_refused("u32", slice_take_u32(&input, &u32), ENDS);
    input = slice_part(whole, 0, 7);
    expect_refused("u64", slice_take_u64(&input, &u64), ENDS);
    expect_u64("nothing taken", input.size, 7);
    expect_u64("untouched", u64, 0x08090a0b0c0d0e0f);
}

static const struct {
    const char *name, *text;
    uint64_t value_max, value;
    const char *refusal;
} numbers[] = {
    {"zero", "0", 0, 0, NULL},
    {"one digit at the limit", "7", 7, 7, NULL},
    {"one digit above", "8", 7, 0, "number: is too large"},
    {"two digits at the limit", "65535", 65535, 65535, NULL},
    {"two digits above", "65536", 65535, 0, "number: is too large"},
    {"the largest", "18446744073709551615", UINT64_MAX, UINT64_MAX, NULL},
    {"one more", "18446744073709551616", UINT64_MAX, 0, "number: is too large"},
    {"ten times more", "184467440737095516150", UINT64_MAX, 0, "number: is too large"},
    {"empty", "", 9, 0, "number: text is empty"},
    {"leading zero", "01", 9, 0, "number: has a leading zero"},
    {"sign", "+1", 9, 0, "number: has a character that is not a digit"},
    {"blank behind", "1 ", 9, 0, "number: has a character that is not a digit"},
    {"colon, above 9", ":", 99, 0, "number: has a character that is not a digit"},
    {"slash, below 0", "/", 99, 0, "number: has a character that is not a digit"},
};

static void parsing(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        uint64_t value = 12345;
        runner_row(numbers[i].name);
        expect_outcome("parse",
                       slice_parse_u64(slice_text(numbers[i].text), numbers[i].value_max, &value),
                       numbers[i].refusal);
        expect_u64("value", value, numbers[i].refusal ? 12345 : numbers[i].value);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"views", views},   {"comparing", comparing}, {"looking", looking}, {"trimming", trimming},
        {"taking", taking}, {"integers", integers},   {"parsing", parsing},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
