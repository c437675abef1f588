#include "cli/escape.h"

#include "runner.h"

static const struct {
    const char *name, *text, *shown;
    bool is_text;
} rows[] = {
    {"nothing", "", "", true},
    {"plain", "Hello, World! ~", "Hello, World! ~", true},
    {"letters of the world", "Gr\xc3\xbc\xc3\x9f\x65 \xe4\xbd\xa0\xe5\xa5\xbd \xd8\xb3",
     "Gr\xc3\xbc\xc3\x9f\x65 \xe4\xbd\xa0\xe5\xa5\xbd \xd8\xb3", true},
    {"emoji", "\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91", true},
    {"line break, return, tab", "a\nb\rc\td", "a\\nb\\rc\\td", true},
    {"backslash", "a\\nb", "a\\\\nb", true},
    {"escape sequence", "\x1b[2J\x1b]0;x\x07", "\\x1b[2J\\x1b]0;x\\x07", true},
    {"backspace and delete", "a\x08\x7f", "a\\x08\\x7f", true},
    {"C1 control",
     "\xc2\x9b"
     "2J",
     "\\u{9B}2J", true},
    {"last C1, no-break space", "\xc2\x9f\xc2\xa0", "\\u{9F}\\u{A0}", true},
    {"just above", "\xc2\xa1", "\xc2\xa1", true},
    {"soft hyphen", "\xc2\xad", "\\u{AD}", true},
    {"right-to-left override",
     "\xe2\x80\xae"
     "abc",
     "\\u{202E}abc", true},
    {"direction isolate", "\xe2\x81\xa6", "\\u{2066}", true},
    {"direction marks", "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u{200E}\\u{200F}\\u{61C}", true},
    {"zero width",
     "a\xe2\x80\x8b"
     "b\xe2\x80\x8d\xef\xbb\xbf",
     "a\\u{200B}b\\u{200D}\\u{FEFF}", true},
    {"line separator", "\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}", true},
    {"just outside the range", "\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xb0",
     "\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xb0", true},
    {"tag character", "\xf3\xa0\x81\x81", "\\u{E0041}", true},
    {"variation selector", "\xef\xb8\x8f", "\\u{FE0F}", true},
    {"private use", "\xee\x80\x80\xf4\x8f\xbf\xbf", "\\u{E000}\\u{10FFFF}", true},
    {"Hangul filler", "\xe3\x85\xa4", "\\u{3164}", true},
    {"lone continuation", "a\x80z", "a\\x80z", false},
    {"overlong slash", "\xc0\xaf", "\\xc0\\xaf", false},
    {"overlong three", "\xe0\x80\xaf", "\\xe0\\x80\\xaf", false},
    {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", false},
    {"above the last", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", false},
    {"no such first byte", "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80", false},
    {"all ones", "\xff\xfe", "\\xff\\xfe", false},
    {"cut character", "\xe4\xbd", "\\xe4\\xbd", false},
    {"cut by a letter",
     "\xe4\xbd"
     "a",
     "\\xe4\\xbd"
     "a",
     false},
};

static void put_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[256];
        struct builder shown;
        runner_row(rows[i].name);
        builder_init(&shown, memory, sizeof memory);
        escape_put(&shown, slice_text(rows[i].text));
        expect_text("shown", builder_view(&shown), rows[i].shown);
        expect_true("is text", escape_is_text(slice_text(rows[i].text)) == rows[i].is_text);
    }
}

static void lines(void)
{
    uint8_t memory[256];
    struct builder shown;
    builder_init(&shown, memory, sizeof memory);
    escape_put_lines(&shown, slice_text("one\ntwo\r\n\nlast\n"), "| ");
    expect_text("shown", builder_view(&shown), "| one\n| two\\r\n| \n| last\n| \n");
    builder_init(&shown, memory, sizeof memory);
    escape_put_lines(&shown, slice_text(""), "| ");
    expect_text("nothing", builder_view(&shown), "| \n");
    builder_init(&shown, memory, sizeof memory);
    escape_put(&shown, slice_of("a\0b", 3));
    expect_text("NUL", builder_view(&shown), "a\\x00b");
}

/* Whatever goes in, nothing that a terminal obeys comes out. */
static void random_bytes(void)
{
    for (size_t round = 0; round < 500; round++) {
        uint8_t bytes[64], memory[1024];
        struct builder shown;
        runner_random(bytes, sizeof bytes);
        builder_init(&shown, memory, sizeof memory);
        escape_put(&shown, slice_of(bytes, sizeof bytes));
        const slice text = builder_view(&shown);
        expect_true("fits", !shown.is_over);
        expect_true("is text", escape_is_text(text));
        for (size_t i = 0; i < text.size; i++) {
            expect_true("no control", text.bytes[i] >= 0x20 && text.bytes[i] != 0x7f);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"put rows", put_rows},
        {"lines", lines},
        {"random bytes", random_bytes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
