#include "http/head.h"

#include <string.h>

#include "runner.h"

enum { SIZE_MAX_HERE = 40 };

/* One row, one start of a connection: where its head ends (0: not yet), or why it is refused. */
static const struct {
    const char *name, *text;
    size_t head_size;
    const char *refusal;
    int64_t code;
} rows[] = {
    {"nothing", "", 0, NULL, 0},
    {"a line and a half", "a\r\nb: c", 0, NULL, 0},
    {"without its last line feed", "a\r\nb: c\r\n\r", 0, NULL, 0},
    {"whole", "a\r\nb: c\r\n\r\n", 11, NULL, 0},
    {"whole, and more", "a\r\n\r\nbody", 5, NULL, 0},
    {"of two lines", "a\r\nb\r\nc\r\n\r\n", 11, NULL, 0},
    {"longest", "0123456789012345\r\n012345678901234567\r\n\r\n", 40, NULL, 0},
    {"empty line first", "\r\na\r\n\r\n", 0, "http: must not begin with an empty line", 0},
    {"line feed first", "\n", 0, "http: a line must end in CR LF", 0},
    {"line feed alone", "a\nb\r\n\r\n", 0, "http: a line must end in CR LF", 0},
    {"last line feed alone", "a\r\nb\r\n\n", 0, "http: a line must end in CR LF", 0},
    {"too long", "0123456789012345\r\n0123456789012345678\r\n\r\n", 0, "http: head is too long",
     431},
    {"first line too long", "01234567890123456789012345678901234567890", 0,
     "http: head is too long", 414},
};

static void heads(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_head_search search = {0};
        size_t head_size = 99;
        runner_row(rows[i].name);
        const status got =
            http_head_find(&search, slice_text(rows[i].text), SIZE_MAX_HERE, &head_size);
        expect_outcome("head", got, rows[i].refusal);
        expect_u64("size", head_size, rows[i].head_size);
        expect_u64("code", (uint64_t)got.detail, (uint64_t)rows[i].code);
    }
}

/* However the bytes arrive, the outcome is the same. */
static void cut_anywhere(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const slice text = slice_text(rows[i].text);
        for (size_t step = 1; step <= text.size; step++) {
            struct http_head_search search = {0};
            size_t head_size = 0;
            status got = status_ok();
            runner_row_at(rows[i].name, step);
            for (size_t at = step; status_is_ok(got) && head_size == 0; at += step) {
                got = http_head_find(&search, slice_part(text, 0, at), SIZE_MAX_HERE, &head_size);
                if (at >= text.size) break;
            }
            expect_outcome("head", got, rows[i].refusal);
            expect_u64("size", head_size, rows[i].head_size);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"heads", heads},
        {"cut anywhere", cut_anywhere},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
