#include "parent/problem.h"

#include "base/builder.h"
#include "runner.h"

/* The table of docs/API.md. */
static const struct {
    enum problem problem;
    const char *code;
    unsigned http_code;
} rows[] = {
    {PROBLEM_NONE, "ok", 200},
    {PROBLEM_BAD_INPUT, "bad_input", 400},
    {PROBLEM_UNAUTHORIZED, "unauthorized", 401},
    {PROBLEM_DENIED, "denied", 403},
    {PROBLEM_ACCOUNT_NOT_FOUND, "account_not_found", 404},
    {PROBLEM_NOT_FOUND, "not_found", 404},
    {PROBLEM_NO_PROOF, "no_proof", 404},
    {PROBLEM_METHOD_NOT_ALLOWED, "method_not_allowed", 405},
    {PROBLEM_ACCOUNT_EXISTS, "account_exists", 409},
    {PROBLEM_CONFLICT, "conflict", 409},
    {PROBLEM_BODY_TOO_LARGE, "body_too_large", 413},
    {PROBLEM_OVER_LIMIT, "over_limit", 429},
    {PROBLEM_HEADERS_TOO_LARGE, "headers_too_large", 431},
    {PROBLEM_CORRUPT, "corrupt", 500},
    {PROBLEM_INTERNAL, "internal", 500},
    {PROBLEM_UNAVAILABLE, "unavailable", 503},
    {PROBLEM_STOPPING, "stopping", 503},
};

static void codes(void)
{
    expect_u64("every problem has a row", ARRAY_COUNT(rows), PROBLEM_COUNT);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].code);
        expect_text("code", slice_text(problem_code(rows[i].problem)), rows[i].code);
        expect_u64("HTTP", problem_http_code(rows[i].problem), rows[i].http_code);
    }
}

static void kinds(void)
{
    for (enum failure_kind kind = FAILURE_BAD_INPUT; kind <= FAILURE_INTERNAL; kind++) {
        runner_row(failure_kind_print(kind));
        expect_text("same name", slice_text(problem_code(problem_of(kind))),
                    failure_kind_print(kind));
    }
}

static void bodies(void)
{
    uint8_t memory[2048];
    struct builder body;
    builder_init(&body, memory, sizeof memory);
    problem_put(&body, PROBLEM_BAD_INPUT, slice_text("transaction.gas"), slice_text("is \"bad\""));
    expect_text("with a field", builder_view(&body),
                "{\"error\":{\"code\":\"bad_input\",\"message\":\"transaction.gas: is "
                "\\\"bad\\\"\"}}");
    builder_init(&body, memory, sizeof memory);
    problem_put(&body, PROBLEM_STOPPING, slice_of(NULL, 0), slice_text("service: is stopping"));
    expect_text("without", builder_view(&body),
                "{\"error\":{\"code\":\"stopping\",\"message\":\"service: is stopping\"}}");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"codes", codes},
        {"kinds", kinds},
        {"bodies", bodies},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
