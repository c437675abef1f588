#include "base/status.h"

#include <string.h>

#include "runner.h"

static int close_count;

static void count_close(int *value)
{
    close_count += *value;
}

static status fail(int64_t detail)
{
    FAIL(CONFLICT, detail, "test: it failed");
}

static status require(bool condition)
{
    REQUIRE(condition, DENIED, "test: it must hold");
    return status_ok();
}

static status try_both(bool condition, int *reached)
{
    SCOPED(count_close) int opened = 1;
    (void)opened;
    *reached = 1;
    TRY(require(condition));
    *reached = 2;
    return fail(7);
}

static void leaving_early(void)
{
    int reached = 0;
    close_count = 0;
    status got = try_both(false, &reached);
    expect_refused("stopped by the first", got, "test: it must hold");
    expect_kind("kind", got, FAILURE_DENIED);
    expect_u64("left there", (uint64_t)reached, 1);
    expect_u64("no detail", (uint64_t)got.detail, 0);
    got = try_both(true, &reached);
    expect_refused("stopped by the second", got, "test: it failed");
    expect_u64("got there", (uint64_t)reached, 2);
    expect_u64("detail", (uint64_t)got.detail, 7);
    expect_u64("closed each time", (uint64_t)close_count, 2);
    expect_true("file", strstr(got.failure->file, "status_test.c") != NULL);
    expect_true("line", got.failure->line > 0);
}

static void questions(void)
{
    expect_true("success", status_is_ok(status_ok()));
    expect_true("is of no kind", !status_is(status_ok(), FAILURE_BAD_INPUT));
    expect_text("says ok", slice_text(status_message(status_ok())), "ok");
    expect_true("failure", !status_is_ok(fail(0)));
    expect_true("of its kind", status_is(fail(0), FAILURE_CONFLICT));
    expect_true("of no other", !status_is(fail(0), FAILURE_DENIED));
    expect_text("sentence", slice_text(status_message(fail(0))), "test: it failed");
    expect_true("the same object", fail(1).failure == fail(2).failure);
}

static void kinds(void)
{
    static const struct {
        enum failure_kind kind;
        const char *name;
    } rows[] = {
        {FAILURE_BAD_INPUT, "bad_input"},    {FAILURE_DENIED, "denied"},
        {FAILURE_NOT_FOUND, "not_found"},    {FAILURE_CONFLICT, "conflict"},
        {FAILURE_OVER_LIMIT, "over_limit"},  {FAILURE_UNAVAILABLE, "unavailable"},
        {FAILURE_CORRUPT, "corrupt"},        {FAILURE_INTERNAL, "internal"},
        {(enum failure_kind)99, "internal"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        expect_text("name", slice_text(failure_kind_print(rows[i].kind)), rows[i].name);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"leaving early", leaving_early},
        {"questions", questions},
        {"kinds", kinds},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
