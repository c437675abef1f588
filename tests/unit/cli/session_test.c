#include "cli/session.h"

#include "runner.h"
#include "transcript.h"

/* The table of docs and header: changing a number breaks the scripts of people who use it. */
static void exit_codes(void)
{
    static const struct {
        enum failure_kind kind;
        int code;
    } rows[] = {
        {FAILURE_BAD_INPUT, 3},  {FAILURE_DENIED, 4},      {FAILURE_NOT_FOUND, 5},
        {FAILURE_CONFLICT, 6},   {FAILURE_UNAVAILABLE, 7}, {FAILURE_INTERNAL, 8},
        {FAILURE_OVER_LIMIT, 9}, {FAILURE_CORRUPT, 10},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(failure_kind_print(rows[i].kind));
        expect_u64("code", (uint64_t)session_exit_code(rows[i].kind), (uint64_t)rows[i].code);
    }
}

static void timeouts(void)
{
    static const struct {
        const char *timeout;
        int code;
    } rows[] = {{"0", 3}, {"1", 0}, {"600", 0}, {"601", 3}, {"-1", 3}, {"1s", 3}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].timeout);
        transcript_reset();
        transcript_answer(200, "{\"accounts\":[],\"next\":null}");
        const struct transcript run =
            transcript_run("", "account", "list", "--timeout", rows[i].timeout, NULL);
        expect_u64("code", (uint64_t)run.code, (uint64_t)rows[i].code);
    }
}

static void paths(void)
{
    struct session session = {0};
    slice path;
    char id[SESSION_ID_SIZE_MAX + 2];
    for (size_t i = 0; i < sizeof id; i++) id[i] = '/';
    expect_ok("arena", arena_open(&session.arena, 65536));
    expect_ok("plain", session_build_path(&session, "a.b_c:d@e-f", "/x", &path));
    expect_text("path", path, "/v1/accounts/a.b_c%3Ad%40e-f/x");
    id[sizeof id - 1] = '\0';
    expect_kind("one too long", session_build_path(&session, id, "", &path), FAILURE_BAD_INPUT);
    id[sizeof id - 2] = '\0';
    expect_ok("longest", session_build_path(&session, id, "", &path));
    arena_close(&session.arena);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"exit codes", exit_codes},
        {"timeouts", timeouts},
        {"paths", paths},
    };
    transcript_open();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    return code;
}
