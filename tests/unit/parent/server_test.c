#include "bench.h"
#include "runner.h"

static const struct bench_settings usual = {.has_token = true, .record_cache_count = 100};
static struct bench bench;
static struct bench_answer answer;

static void first_session(void)
{
    bench_open(&bench, &usual);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    expect_u64("create", (uint64_t)answer.code, 201);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"hello\"}",
               &answer);
    expect_u64("sign", (uint64_t)answer.code, 200);
    bench_call(&bench, "GET", "/readyz", NULL, &answer);
    expect_u64("ready", (uint64_t)answer.code, 200);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"first session", first_session},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
