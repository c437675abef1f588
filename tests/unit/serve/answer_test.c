#include "serve/answer.h"

#include "runner.h"

static void dates(void)
{
    static const struct {
        const char *name;
        int64_t wall_ms;
        const char *text;
    } rows[] = {
        {"the specification's own", INT64_C(784111777000), "Sun, 06 Nov 1994 08:49:37 GMT"},
        {"the first second", 999, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"the next", 1000, "Thu, 01 Jan 1970 00:00:01 GMT"},
        {"a leap day", INT64_C(1709164799999), "Wed, 28 Feb 2024 23:59:59 GMT"},
        {"the leap day", INT64_C(1709164800000), "Thu, 29 Feb 2024 00:00:00 GMT"},
        {"back again", 999, "Thu, 01 Jan 1970 00:00:00 GMT"},
    };
    struct answer_date date = {0};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_text("date", answer_date_at(&date, rows[i].wall_ms), rows[i].text);
    }
}

static void heads(void)
{
    static const struct http_header good = {SLICE_LITERAL("X-A"), SLICE_LITERAL("b")},
                                    split = {SLICE_LITERAL("X-A"), SLICE_LITERAL("b\r\nX-B: c")},
                                    own = {SLICE_LITERAL("Connection"), SLICE_LITERAL("close")};
    static const struct {
        const char *name;
        unsigned code;
        const struct http_header *header;
        enum answer_connection connection;
        const char *head, *refusal;
    } rows[] = {
        {"usual", 201, &good, ANSWER_SAYS_NOTHING,
         "HTTP/1.1 201 Created\r\nDate: D\r\nX-A: b\r\nContent-Length: 4\r\n\r\n", NULL},
        {"closing", 404, NULL, ANSWER_CLOSES,
         "HTTP/1.1 404 Not Found\r\nDate: D\r\nConnection: close\r\nContent-Length: 4\r\n\r\n",
         NULL},
        {"keeping alive", 200, NULL, ANSWER_KEEPS_ALIVE,
         "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\n", NULL},
        {"code without a reason", 299, NULL, ANSWER_SAYS_NOTHING,
         "HTTP/1.1 299 \r\nDate: D\r\nContent-Length: 4\r\n\r\n", NULL},
        {"line break in a value", 200, &split, ANSWER_SAYS_NOTHING, NULL,
         "http: a header has a control character"},
        {"header that is the server's", 200, &own, ANSWER_SAYS_NOTHING, NULL,
         "http: length and connection headers are written by print"},
        {"body where none may be", 204, NULL, ANSWER_SAYS_NOTHING, NULL,
         "http: a response of this code has no body"},
        {"code that is none", 99, NULL, ANSWER_SAYS_NOTHING, NULL,
         "http: status code must be 200 to 599"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[256];
        struct builder head;
        const struct exchange_answer answer = {
            rows[i].code, {rows[i].header, rows[i].header ? 1 : 0}, slice_text("body")};
        runner_row(rows[i].name);
        builder_init(&head, memory, sizeof memory);
        expect_outcome("print", answer_print(&answer, slice_text("D"), rows[i].connection, &head),
                       rows[i].refusal);
        expect_text("head", builder_view(&head), rows[i].head ? rows[i].head : "");
        if (rows[i].head) continue;
        answer_print_failure(slice_text("D"), rows[i].connection, &head);
        expect_text("instead", builder_view(&head),
                    "HTTP/1.1 500 Internal Server Error\r\nDate: D\r\nContent-Length: 0\r\n\r\n");
    }
}

static void header_counts(void)
{
    static const struct http_header each = {SLICE_LITERAL("X"), SLICE_LITERAL("y")};
    struct http_header list[EXCHANGE_HEADER_COUNT_MAX + 1];
    for (size_t i = 0; i < ARRAY_COUNT(list); i++) list[i] = each;
    for (size_t more = 0; more < 2; more++) {
        uint8_t memory[512];
        struct builder head;
        const struct exchange_answer answer = {200, {list, EXCHANGE_HEADER_COUNT_MAX + more}, {0}};
        builder_init(&head, memory, sizeof memory);
        expect_outcome("count", answer_print(&answer, slice_text("D"), ANSWER_SAYS_NOTHING, &head),
                       more == 0 ? NULL : "answer: has too many headers");
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"dates", dates},
        {"heads", heads},
        {"header counts", header_counts},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
