#include "parent/problem.h"

#include "base/json.h"

static const struct {
    unsigned http_code;
    const char *code;
} rows[PROBLEM_COUNT] = {
    [PROBLEM_NONE] = {200, "ok"},
    [PROBLEM_BAD_INPUT] = {400, "bad_input"},
    [PROBLEM_DENIED] = {403, "denied"},
    [PROBLEM_NOT_FOUND] = {404, "not_found"},
    [PROBLEM_CONFLICT] = {409, "conflict"},
    [PROBLEM_OVER_LIMIT] = {429, "over_limit"},
    [PROBLEM_UNAVAILABLE] = {503, "unavailable"},
    [PROBLEM_CORRUPT] = {500, "corrupt"},
    [PROBLEM_INTERNAL] = {500, "internal"},
    [PROBLEM_UNAUTHORIZED] = {401, "unauthorized"},
    [PROBLEM_ACCOUNT_NOT_FOUND] = {404, "account_not_found"},
    [PROBLEM_ACCOUNT_EXISTS] = {409, "account_exists"},
    [PROBLEM_NO_PROOF] = {404, "no_proof"},
    [PROBLEM_METHOD_NOT_ALLOWED] = {405, "method_not_allowed"},
    [PROBLEM_BODY_TOO_LARGE] = {413, "body_too_large"},
    [PROBLEM_HEADERS_TOO_LARGE] = {431, "headers_too_large"},
    [PROBLEM_STOPPING] = {503, "stopping"},
};

enum problem problem_of(enum failure_kind kind)
{
    switch (kind) {
    case FAILURE_BAD_INPUT: return PROBLEM_BAD_INPUT;
    case FAILURE_DENIED: return PROBLEM_DENIED;
    case FAILURE_NOT_FOUND: return PROBLEM_NOT_FOUND;
    case FAILURE_CONFLICT: return PROBLEM_CONFLICT;
    case FAILURE_OVER_LIMIT: return PROBLEM_OVER_LIMIT;
    case FAILURE_UNAVAILABLE: return PROBLEM_UNAVAILABLE;
    case FAILURE_CORRUPT: return PROBLEM_CORRUPT;
    case FAILURE_INTERNAL: return PROBLEM_INTERNAL;
    }
    return PROBLEM_INTERNAL;
}

unsigned problem_http_code(enum problem problem)
{
    return rows[problem].http_code;
}

const char *problem_code(enum problem problem)
{
    return rows[problem].code;
}

void problem_put(struct builder *body, enum problem problem, slice where, slice message)
{
    uint8_t memory[1024];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    builder_put(&text, slice_part(where, 0, 256));
    if (where.size > 0) builder_put_text(&text, ": ");
    builder_put(&text, slice_part(message, 0, 640));
    json_put_object_open(body);
    json_put_name(body, "error");
    json_put_object_open(body);
    json_put_name(body, "code");
    json_put_text(body, problem_code(problem));
    json_put_name(body, "message");
    json_put_string(body, builder_view(&text));
    json_put_object_close(body);
    json_put_object_close(body);
}
