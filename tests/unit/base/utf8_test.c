#include "base/utf8.h"

#include "runner.h"

static const struct {
    const char *name, *text;
    size_t size;
} characters[] = {
    {"nothing", "", 0},
    {"plain", "a", 1},
    {"U+007F", "7f", 1},
    {"continuation alone", "80", 0},
    {"overlong slash", "c0af", 0},
    {"overlong U+007F", "c1bf", 0},
    {"U+0080", "c280", 2},
    {"U+07FF", "dfbf", 2},
    {"second byte is none", "c379", 0},
    {"cut after one", "c3", 0},
    {"overlong of three", "e09fbf", 0},
    {"U+0800", "e0a080", 3},
    {"U+D7FF", "ed9fbf", 3},
    {"U+D800", "eda080", 0},
    {"U+DFFF", "edbfbf", 0},
    {"U+E000", "ee8080", 3},
    {"U+FFFF", "efbfbf", 3},
    {"third byte is none", "e28279", 0},
    {"third byte too high", "e282c0", 0},
    {"cut after two", "e282", 0},
    {"overlong of four", "f08fbfbf", 0},
    {"U+10000", "f0908080", 4},
    {"U+10FFFF", "f48fbfbf", 4},
    {"above it", "f4908080", 0},
    {"fourth byte is none", "f0908079", 0},
    {"cut after three", "f09080", 0},
    {"f5", "f5808080", 0},
    {"ff", "ff", 0},
};

static void sizes(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(characters); i++) {
        runner_row(characters[i].name);
        const bool is_plain = i == 1;
        const slice text = is_plain ? slice_text("a") : runner_hex(characters[i].text);
        expect_u64("size", utf8_character_size(text), characters[i].size);
        expect_true("valid", utf8_is_valid(text) == (characters[i].size == text.size));
    }
    runner_row(NULL);
    expect_true("several", utf8_is_valid(slice_text("a\xc3\xa9\xe2\x82\xac\xf0\x90\x80\x80z")));
    expect_true("bad at the end", !utf8_is_valid(slice_text("a\xc3\xa9\xe2\x82")));
    expect_true("bad in the middle", !utf8_is_valid(slice_text("a\xff z")));
}

/* Every character is written as the reader knows it, and no number that is none. */
static void all_characters(void)
{
    size_t count = 0;
    for (uint32_t code_point = 0; code_point <= 0x110000; code_point++) {
        if (!utf8_is_character(code_point)) continue;
        uint8_t memory[4];
        struct builder builder;
        builder_init(&builder, memory, sizeof memory);
        utf8_put(&builder, code_point);
        const slice text = builder_view(&builder);
        if (utf8_character_size(text) != text.size || text.size == 0) {
            runner_row_at("code point", code_point);
            expect_true("is one character", false);
        }
        count++;
    }
    expect_u64("characters", count, 0x110000 - 0x800);
    expect_true("surrogates", !utf8_is_character(0xd800) && !utf8_is_character(0xdfff));
    expect_true("too large", !utf8_is_character(0x110000) && !utf8_is_character(UINT32_MAX));
}

static void known_answers(void)
{
    static const struct {
        uint32_t code_point;
        const char *bytes;
    } rows[] = {
        {0x24, "24"}, {0xa3, "c2a3"}, {0x939, "e0a4b9"}, {0x20ac, "e282ac"}, {0x10348, "f0908d88"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[4];
        struct builder builder;
        runner_row(rows[i].bytes);
        builder_init(&builder, memory, sizeof memory);
        utf8_put(&builder, rows[i].code_point);
        expect_hex("bytes", builder_view(&builder), rows[i].bytes);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"sizes", sizes},
        {"all characters", all_characters},
        {"known answers", known_answers},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
