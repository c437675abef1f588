#include "aws/time.h"

#include "runner.h"

enum form { RFC3339, BASIC, HTTP };

static status parse(enum form form, slice text, int64_t *time_s)
{
    switch (form) {
    case RFC3339: return aws_time_parse_rfc3339(text, time_s);
    case BASIC: return aws_time_parse_basic(text, time_s);
    case HTTP: break;
    }
    return aws_time_parse_http(text, time_s);
}

static void print(enum form form, int64_t time_s, struct builder *text)
{
    if (form == RFC3339) aws_time_print_rfc3339(time_s, text);
    if (form == BASIC) aws_time_print_basic(time_s, text);
    if (form == HTTP) aws_time_print_http(time_s, text);
}

/* Seconds are those of `date -u -d TEXT +%s`. */
static const struct {
    enum form form;
    const char *text;
    int64_t time_s;
    const char *refusal;
} rows[] = {
    {RFC3339, "1970-01-01T00:00:00Z", 0, NULL},
    {RFC3339, "2026-01-02T03:04:05Z", 1767323045, NULL},
    {RFC3339, "2026-01-02T03:04:05.1Z", 1767323045, NULL},
    {RFC3339, "2026-01-02T03:04:05.123456789Z", 1767323045, NULL},
    {RFC3339, "2026-01-02T04:34:05+01:30", 1767323045, NULL},
    {RFC3339, "2026-01-01T21:04:05-06:00", 1767323045, NULL},
    {RFC3339, "2024-02-29T23:59:59Z", 1709251199, NULL},
    {RFC3339, "2000-02-29T00:00:00Z", 951782400, NULL},
    {RFC3339, "2100-03-01T00:00:00Z", 4107542400, NULL},
    {RFC3339, "9999-12-31T23:59:59Z", 253402300799, NULL},
    {RFC3339, "2023-02-29T00:00:00Z", 0, "time: there is no such day"},
    {RFC3339, "2100-02-29T00:00:00Z", 0, "time: there is no such day"},
    {RFC3339, "1969-12-31T23:59:59Z", 0, "time: there is no such day"},
    {RFC3339, "2026-00-02T03:04:05Z", 0, "time: there is no such day"},
    {RFC3339, "2026-13-02T03:04:05Z", 0, "time: there is no such day"},
    {RFC3339, "2026-01-00T03:04:05Z", 0, "time: there is no such day"},
    {RFC3339, "2026-04-31T03:04:05Z", 0, "time: there is no such day"},
    {RFC3339, "2026-01-02T24:00:00Z", 0, "time: there is no such time of day"},
    {RFC3339, "2026-01-02T03:60:05Z", 0, "time: there is no such time of day"},
    {RFC3339, "2026-01-02T03:04:60Z", 0, "time: there is no such time of day"},
    {RFC3339, "1970-01-01T00:00:00+00:01", 0, "time: is out of range"},
    {RFC3339, "9999-12-31T23:59:59-00:01", 0, "time: is out of range"},
    {RFC3339, "2026-01-02T03:04:05+24:00", 0, "time: there is no such time zone"},
    {RFC3339, "2026-01-02T03:04:05+01:60", 0, "time: there is no such time zone"},
    {RFC3339, "2026-01-02T03:04:05+01-30", 0, "time: a separator is missing"},
    {RFC3339, "2026-01-02T03:04:05 01:30", 0, "time: a time zone is missing"},
    {RFC3339, "2026-01-02T03:04:05.Z", 0, "time: a fraction must have one to nine digits"},
    {RFC3339, "2026-01-02T03:04:05.1234567890Z", 0,
     "time: a fraction must have one to nine digits"},
    {RFC3339, "2026-01-02 03:04:05Z", 0, "time: a separator is missing"},
    {RFC3339, "2026/01-02T03:04:05Z", 0, "time: a separator is missing"},
    {RFC3339, "2026-1-02T03:04:05Z", 0, "time: a digit is missing"},
    {RFC3339, "+026-01-02T03:04:05Z", 0, "time: a digit is missing"},
    {BASIC, "20260102T030405Z", 1767323045, NULL},
    {BASIC, "20150830T123600Z", 1440938160, NULL},
    {BASIC, "20260102T030405", 0, "time: a separator is missing"},
    {BASIC, "20260102 030405Z", 0, "time: a separator is missing"},
    {BASIC, "20260102T0304O5Z", 0, "time: a digit is missing"},
    {BASIC, "20260132T030405Z", 0, "time: there is no such day"},
    {HTTP, "Fri, 02 Jan 2026 03:04:05 GMT", 1767323045, NULL},
    {HTTP, "Sun, 06 Nov 1994 08:49:37 GMT", 784111777, NULL},
    {HTTP, "Thu, 01 Jan 1970 00:00:00 GMT", 0, NULL},
    {HTTP, "Sat, 02 Jan 2026 03:04:05 GMT", 0, "time: is another day of the week"},
    {HTTP, "Fri, 02 jan 2026 03:04:05 GMT", 0, "time: there is no such month"},
    {HTTP, "Fri, 02 Jan 2026 03:04:05 UTC", 0, "time: a separator is missing"},
    {HTTP, "Fri,  2 Jan 2026 03:04:05 GMT", 0, "time: a digit is missing"},
    {HTTP, "Sunday, 06-Nov-94 08:49:37 GMT", 0, "time: a separator is missing"},
    {HTTP, "Fri, 31 Apr 2026 03:04:05 GMT", 0, "time: there is no such day"},
};

static void parse_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t time_s = -1;
        runner_row(rows[i].text);
        const status got = parse(rows[i].form, slice_text(rows[i].text), &time_s);
        if (!expect_outcome("parse", got, rows[i].refusal)) continue;
        expect_true("time", time_s == (rows[i].refusal ? -1 : rows[i].time_s));
    }
}

/* No text may be longer or shorter than what was parsed. */
static void cut_and_extended(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (rows[i].refusal) continue;
        const slice text = slice_text(rows[i].text);
        uint8_t longer[64];
        struct builder builder;
        int64_t time_s = 0;
        for (size_t size = 0; size < text.size; size++) {
            runner_row_at(rows[i].text, size);
            expect_kind("cut", parse(rows[i].form, slice_part(text, 0, size), &time_s),
                        FAILURE_BAD_INPUT);
        }
        builder_init(&builder, longer, sizeof longer);
        builder_put(&builder, text);
        builder_put_text(&builder, "0");
        expect_kind("extended", parse(rows[i].form, builder_view(&builder), &time_s),
                    FAILURE_BAD_INPUT);
    }
}

static void print_rows(void)
{
    static const struct {
        enum form form;
        int64_t time_s;
        const char *text;
    } printed[] = {
        {RFC3339, 0, "1970-01-01T00:00:00Z"},
        {RFC3339, 1709251199, "2024-02-29T23:59:59Z"},
        {RFC3339, 1735689599, "2024-12-31T23:59:59Z"},
        {RFC3339, -5, "1970-01-01T00:00:00Z"},
        {RFC3339, 253402300799, "9999-12-31T23:59:59Z"},
        {RFC3339, 253402300800, "9999-12-31T23:59:59Z"},
        {BASIC, 1767323045, "20260102T030405Z"},
        {HTTP, 1767323045, "Fri, 02 Jan 2026 03:04:05 GMT"},
        {HTTP, 784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {HTTP, 253402300800, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(printed); i++) {
        uint8_t text[32];
        struct builder builder;
        runner_row(printed[i].text);
        builder_init(&builder, text, sizeof text);
        print(printed[i].form, printed[i].time_s, &builder);
        expect_text("text", builder_view(&builder), printed[i].text);
    }
}

static void no_room(void)
{
    for (enum form form = RFC3339; form <= HTTP; form++) {
        for (size_t size = 0; size < AWS_TIME_BASIC_SIZE; size++) {
            uint8_t text[AWS_TIME_BASIC_SIZE];
            struct builder builder;
            slice written = {0};
            runner_row_at("room", size);
            builder_init(&builder, text, size);
            print(form, 0, &builder);
            expect_kind("finish", builder_finish(&builder, &written), FAILURE_OVER_LIMIT);
        }
    }
}

static void random_times_round_trip(void)
{
    for (size_t i = 0; i < 3000; i++) {
        const int64_t time_s = (int64_t)(runner_random_u64() % 253402300800);
        for (enum form form = RFC3339; form <= HTTP; form++) {
            uint8_t text[32];
            struct builder builder;
            int64_t back_s = -1;
            runner_row_at("time", (size_t)time_s);
            builder_init(&builder, text, sizeof text);
            print(form, time_s, &builder);
            if (!expect_ok("parse", parse(form, builder_view(&builder), &back_s))) return;
            if (!expect_true("same", back_s == time_s)) return;
        }
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"parse rows", parse_rows},
        {"cut and extended", cut_and_extended},
        {"print rows", print_rows},
        {"no room", no_room},
        {"random times round trip", random_times_round_trip},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
