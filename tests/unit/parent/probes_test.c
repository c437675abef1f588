#include "parent/probes.h"

#include <poll.h>

#include "base/json.h"
#include "bench.h"
#include "runner.h"

static const struct bench_settings usual = {.has_token = true, .record_cache_count = 100};
static struct bench bench;
static struct bench_answer answer;

static void ask(const char *path, int code)
{
    bench_call(&bench, "GET", path, NULL, &answer);
    expect_u64(path, (uint64_t)answer.code, (uint64_t)code);
}

static void let_go_stale(void)
{
    bench.service.readiness.checked_at_ms = 0;
}

static void readiness(void)
{
    bench_open(&bench, &usual);
    ask("/healthz", 200);
    expect_text("healthy", answer.body, "{\"status\":\"ok\"}");
    ask("/readyz", 200);
    expect_text("ready", answer.body,
                "{\"status\":\"ready\",\"store\":{\"state\":\"ok\"},\"enclave\":{\"state\":\"ok\"},"
                "\"credentials\":{\"state\":\"ok\",\"origin\":\"fixed\"}}");
    let_go_stale();
    atomic_store(&bench.store.down_count, 1);
    ask("/readyz", 503);
    expect_true("store", bench_has(answer.body, "\"store\":{\"state\":\"failing\",\"message\":"
                                                "\"store: is down, as told\"}"));
    expect_true("the enclave is fine", bench_has(answer.body, "\"enclave\":{\"state\":\"ok\"}"));
    ask("/healthz", 200);
    let_go_stale();
    atomic_store(&bench.enclave.behaviour.is_silent, true);
    ask("/readyz", 503);
    expect_true("enclave", bench_has(answer.body, "\"enclave\":{\"state\":\"failing\",\"message\":"
                                                  "\"enclave: did not answer in time\"}"));
    bench_close(&bench);
}

/* However often it is asked, the enclave is asked once a second. */
static void results_are_kept(void)
{
    bench_open(&bench, &usual);
    ask("/readyz", 200);
    const int before = atomic_load(&bench.enclave.request_count);
    for (int i = 0; i < 20; i++) ask("/readyz", 200);
    expect_true("not asked again each time",
                atomic_load(&bench.enclave.request_count) <= before + 1);
    bench_close(&bench);
}

static void metrics(void)
{
    static const char *const lines[] = {
        "enw_http_request_duration_seconds_count{route=\"account_create\",result=\"ok\"} 1\n",
        "_count{route=\"account_show\",result=\"account_not_found\"} 1\n",
        "enw_http_requests_in_flight 1\n",
        "enw_enclave_up 1\n",
        "enw_enclave_link_connections 2\n",
        "enw_record_cache_entries 1\n",
        "enw_credentials_usable 1\n",
        "enw_enclave_kms_generate_data_key_total 3\n",
        "enw_enclave_kms_decrypt_total 5\n",
        "enw_enclave_data_key_cache_hits_total 7\n",
        "enw_enclave_data_key_cache_misses_total 5\n",
        "enw_enclave_data_key_cache_entries 2\n",
    };
    bench_open(&bench, &usual);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    bench_call(&bench, "GET", "/v1/accounts/bob", NULL, &answer);
    /* Requests are counted after their answers. */
    for (int i = 0; i < 500; i++) {
        ask("/metrics", 200);
        if (bench_has(answer.body, lines[1]) && bench_has(answer.body, lines[2])) break;
        poll(NULL, 0, 10);
    }
    expect_true("type", bench_has(answer.head, "Content-Type: text/plain; version=0.0.4"));
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        expect_true(lines[i], bench_has(answer.body, lines[i]));
    }
    bench.service.metrics_are_open = true;
    const int descriptor = bench_connect(&bench);
    bench_send(descriptor,
               slice_text("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    bench_read(descriptor, &answer);
    expect_u64("open", (uint64_t)answer.code, 200);
    bench_close(&bench);
}

static void contract(void)
{
    static const char *const every[] = {
        "/v1/accounts",
        "/v1/accounts/{account}",
        "/v1/accounts/{account}/sign-transaction",
        "/v1/accounts/{account}/sign-message",
        "/v1/attestation",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
    };
    bench_open(&bench, &usual);
    ask("/openapi.json", 200);
    /* Deeper than what we read from callers, so it is looked at as text. */
    expect_true("version", bench_has(answer.body, "\"openapi\": \"3.1.0\""));
    for (size_t i = 0; i < ARRAY_COUNT(every); i++) {
        char quoted[80];
        struct builder text;
        builder_init(&text, quoted, sizeof quoted);
        json_put_text(&text, every[i]);
        builder_put_u8(&text, 0);
        expect_true(every[i], bench_has(answer.body, quoted));
    }
    const slice file = runner_file("docs/openapi.json");
    expect_bytes("the file", answer.body, file);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"readiness", readiness},
        {"results are kept", results_are_kept},
        {"metrics", metrics},
        {"contract", contract},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
