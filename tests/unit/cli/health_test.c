#include "runner.h"
#include "transcript.h"

static const struct {
    const char *name;
    unsigned http_code;
    const char *body;
    int code;
    const char *out, *err;
} rows[] = {
    {"ready", 200,
     "{\"status\":\"ready\",\"store\":{\"state\":\"ok\"},\"enclave\":{\"state\":\"ok\"},"
     "\"credentials\":{\"state\":\"ok\",\"origin\":\"imds\",\"expiresInSeconds\":99}}",
     0, "service     ready\nstore       ok\nenclave     ok\ncredentials ok\n", ""},
    {"not ready", 503,
     "{\"status\":\"not_ready\",\"store\":{\"state\":\"failing\",\"message\":\"disk\\u0007\"},"
     "\"enclave\":{\"state\":\"ok\"},\"credentials\":{\"state\":\"ok\"}}",
     7, "service     not_ready\nstore       failing: disk\\x07\nenclave     ok\ncredentials ok\n",
     "enw: the service is not ready (--url or ENW_URL names the service)\n"},
    {"a proxy's error", 503, "<html>", 10, "", "enw: the service's answer is not a JSON object\n"},
    {"no state", 200, "{\"status\":\"ready\"}", 10, "service     ready\n",
     "enw: the service's answer lacks a field\n"},
    {"another error", 500, "{\"error\":{\"code\":\"internal\",\"message\":\"oh\"}}", 8, "",
     "enw: oh (internal, HTTP 500)\n"},
};

static void tells(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        transcript_answer(rows[i].http_code, rows[i].body);
        const struct transcript run = transcript_run("", "health", NULL);
        expect_u64("code", (uint64_t)run.code, (uint64_t)rows[i].code);
        expect_text("out", run.out, rows[i].out);
        expect_text("err", run.err, rows[i].err);
        expect_text("request", transcript_seen(0), "GET /readyz\n");
    }
}

static void tells_machines(void)
{
    transcript_reset();
    transcript_answer(503, rows[1].body);
    const struct transcript run = transcript_run("", "health", "--json", NULL);
    expect_u64("code", (uint64_t)run.code, 7);
    expect_true("as it is", slice_has_start(run.out, slice_text(rows[1].body)));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"tells", tells},
        {"tells machines", tells_machines},
    };
    transcript_open();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    return code;
}
