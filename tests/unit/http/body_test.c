#include "http/body.h"

#include <string.h>

#include "runner.h"

enum { SIZE_MAX_HERE = 16 };

/* A row of a length has it; the others are chunked. A row without refusal and `rest` is not whole. */
static const struct {
    const char *name;
    uint64_t length;
    const char *text, *data, *rest, *refusal;
    int64_t code;
} rows[] = {
    {"length", 3, "abc", "abc", "", NULL, 0},
    {"length, and more", 3, "abcde", "abc", "de", NULL, 0},
    {"length, cut", 3, "ab", "ab", NULL, NULL, 0},
    {"largest length", 16, "0123456789abcdef", "0123456789abcdef", "", NULL, 0},
    {"length too large", 17, "0123456789abcdefg", "", NULL, "http: body is too long", 413},
    {"chunks", 0, "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nGET", "abcde", "GET", NULL, 0},
    {"no chunk", 0, "0\r\n\r\n", "", "", NULL, 0},
    {"many zeros", 0, "0003\r\nabc\r\n0000\r\n\r\n", "abc", "", NULL, 0},
    {"trailer", 0, "1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\nrest", "a", "rest", NULL, 0},
    {"cut in a size", 0, "1", "", NULL, NULL, 0},
    {"cut in a chunk", 0, "5\r\nab", "ab", NULL, NULL, 0},
    {"cut in the last line", 0, "1\r\na\r\n0\r\n\r", "a", NULL, NULL, 0},
    {"largest", 0, "8\r\n01234567\r\n8\r\n89abcdef\r\n0\r\n\r\n", "0123456789abcdef", "", NULL, 0},
    {"one byte too many", 0, "8\r\n01234567\r\n9\r\n89abcdefg\r\n", "01234567", NULL,
     "http: body is too long", 413},
    {"size without an end", 0, "00000000000000000000000000000000000000000000011", "", NULL,
     "http: body is too long", 413},
    {"no size", 0, "\r\n", "", NULL, "http: a chunk's size is not plain hex", 0},
    {"line feed alone", 0, "1\na", "", NULL, "http: a line must end in CR LF", 0},
    {"chunk without its end", 0, "1\r\naX", "a", NULL, "http: a chunk must end in CR LF", 0},
    {"chunk with half an end", 0, "1\r\na\rX", "a", NULL, "http: a chunk must end in CR LF", 0},
    {"line feed alone in a trailer", 0, "0\r\nX: y\n", "", NULL, "http: a line must end in CR LF",
     0},
    {"line feed alone at the end", 0, "0\r\n\n", "", NULL, "http: a line must end in CR LF", 0},
    {"trailer without a name", 0, "0\r\n: y\r\n\r\n", "", NULL,
     "http: a header's name is not a token", 0},
};

static struct http_framing framing_of(size_t i)
{
    return (struct http_framing){.is_chunked = rows[i].length == 0,
                                 .has_length = rows[i].length > 0,
                                 .length = rows[i].length};
}

/* Feeds the row in pieces of `step` bytes. */
static void feed(size_t i, size_t step)
{
    const struct http_framing framing = framing_of(i);
    const slice text = slice_text(rows[i].text);
    uint8_t memory[64];
    struct builder joined;
    struct http_body body;
    size_t at = 0, left_size = 0;
    builder_init(&joined, memory, sizeof memory);
    status got = http_body_start(&body, &framing, SIZE_MAX_HERE);
    while (status_is_ok(got) && !http_body_is_done(&body) && at < text.size) {
        slice input = slice_part(text, at, step);
        const size_t size = input.size;
        while (status_is_ok(got) && input.size > 0 && !http_body_is_done(&body)) {
            slice data = {0};
            got = http_body_take(&body, &input, &data);
            builder_put(&joined, data);
        }
        at += size - input.size;
        left_size = status_is_ok(got) ? (size_t)http_body_left_size(&body) : 0;
        expect_true("certain", !rows[i].rest || left_size <= text.size - at);
    }
    expect_outcome("body", got, rows[i].refusal);
    expect_u64("code", (uint64_t)got.detail, (uint64_t)rows[i].code);
    expect_text("data", builder_view(&joined), rows[i].data);
    if (!status_is_ok(got)) return;
    expect_true("done", http_body_is_done(&body) == (rows[i].rest != NULL));
    if (rows[i].rest) expect_text("rest", slice_part(text, at, text.size), rows[i].rest);
}

static void bodies(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (size_t step = 1; step <= 64; step++) {
            runner_row_at(rows[i].name, step);
            feed(i, step);
        }
    }
}

/* As many bytes as are said to be certain can be received without touching the next message. */
static void certain_sizes(void)
{
    static const struct {
        const char *name;
        uint64_t length;
        const char *taken;
        uint64_t left_size;
    } sizes[] = {
        {"of a length", 5, "ab", 3},   {"whole", 2, "ab", 0},
        {"nothing yet", 0, "", 5},     {"in a chunk", 0, "4\r\na", 10},
        {"behind it", 0, "1\r\na", 7}, {"in its end", 0, "1\r\na\r", 6},
        {"in a size", 0, "0", 1},      {"in the trailer", 0, "0\r\nX", 1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct http_body body;
        const struct http_framing framing = {.is_chunked = sizes[i].length == 0,
                                             .length = sizes[i].length};
        slice input = slice_text(sizes[i].taken), data;
        runner_row(sizes[i].name);
        expect_ok("start", http_body_start(&body, &framing, SIZE_MAX_HERE));
        while (input.size > 0) expect_ok("take", http_body_take(&body, &input, &data));
        expect_u64("left", http_body_left_size(&body), sizes[i].left_size);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"bodies", bodies},
        {"certain sizes", certain_sizes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
