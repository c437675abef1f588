#include "base/text.h"

#include <string.h>

#include "runner.h"

/* Each class says no to everything but its own characters. */
static void classes(void)
{
    static const char LOWER[] = "abcdefghijklmnopqrstuvwxyz";
    static const char UPPER[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char DIGITS[] = "0123456789";
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t at = (uint8_t)byte;
        runner_row_at("byte", byte);
        const bool is_lower = byte != 0 && strchr(LOWER, (int)byte) != NULL;
        const bool is_upper = byte != 0 && strchr(UPPER, (int)byte) != NULL;
        const bool is_digit = byte != 0 && strchr(DIGITS, (int)byte) != NULL;
        expect_true("lower", text_is_lower(at) == is_lower);
        expect_true("upper", text_is_upper(at) == is_upper);
        expect_true("digit", text_is_digit(at) == is_digit);
        expect_true("alphanumeric", text_is_alphanumeric(at) == (is_lower || is_upper || is_digit));
        expect_true("visible", text_is_visible(at) == (byte >= 0x21 && byte <= 0x7e));
        expect_true("blank", text_is_blank(at) == (byte == ' ' || byte == '\t'));
        expect_true("name", text_is_name_byte(at) == (is_lower || is_digit || byte == '-'));
        expect_u64("lower case", text_lower(at), is_upper ? byte + 32 : byte);
    }
}

static void hex_values(void)
{
    static const char DIGITS[] = "0123456789abcdefABCDEF";
    for (unsigned byte = 0; byte < 256; byte++) {
        const char *found = byte == 0 ? NULL : strchr(DIGITS, (int)byte);
        const size_t index = found ? (size_t)(found - DIGITS) : 0;
        runner_row_at("byte", byte);
        expect_u64("value", text_hex_value((uint8_t)byte),
                   !found        ? TEXT_NOT_HEX
                   : index >= 16 ? index - 6
                                 : index);
    }
}

static void texts(void)
{
    static const struct {
        const char *text;
        bool is_digits, is_alphanumeric_or;
    } rows[] = {
        {"", true, true},        {"0", true, true},     {"0123", true, true},
        {"012x", false, true},   {"x012", false, true}, {"a_B-9", false, true},
        {"a_B.9", false, false}, {".", false, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].text);
        const slice text = slice_text(rows[i].text);
        expect_true("digits", text_is_made_of(text, text_is_digit) == rows[i].is_digits);
        expect_true("others", text_is_alphanumeric_or(text, "_-") == rows[i].is_alphanumeric_or);
    }
}

static void folding(void)
{
    static const struct {
        const char *a, *b;
        bool is_equal;
    } rows[] = {
        {"", "", true},    {"Host", "hOST", true}, {"host", "hosts", false},
        {"@", "`", false}, {"[", "{", false},      {"\xc3\x84", "\xc3\xa4", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].a);
        expect_true("equal", text_equal_folded(slice_text(rows[i].a), slice_text(rows[i].b)) ==
                                 rows[i].is_equal);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"classes", classes},
        {"hex values", hex_values},
        {"texts", texts},
        {"folding", folding},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
