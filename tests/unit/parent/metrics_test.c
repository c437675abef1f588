#include "parent/metrics.h"

#include <sys/resource.h>

#include "bench.h"
#include "runner.h"

static uint8_t memory[64 * 1024];

static slice print(const struct metrics *metrics)
{
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    metrics_put(metrics, &text);
    return builder_view(&text);
}

static void requests(void)
{
    static struct metrics metrics;
    metrics_record_request(&metrics, ROUTE_SIGN_MESSAGE, PROBLEM_NONE, 100);
    metrics_record_request(&metrics, ROUTE_SIGN_MESSAGE, PROBLEM_NONE, 101);
    metrics_record_request(&metrics, ROUTE_SIGN_MESSAGE, PROBLEM_NONE, 10000001);
    metrics_record_request(&metrics, ROUTE_SIGN_MESSAGE, PROBLEM_UNAVAILABLE, -5);
    const slice text = print(&metrics);
    static const char *const lines[] = {
        "# TYPE enw_http_request_duration_seconds histogram\n",
        "_bucket{route=\"sign_message\",result=\"ok\",le=\"0.0001\"} 1\n",
        "_bucket{route=\"sign_message\",result=\"ok\",le=\"0.00025\"} 2\n",
        "_bucket{route=\"sign_message\",result=\"ok\",le=\"10\"} 2\n",
        "_bucket{route=\"sign_message\",result=\"ok\",le=\"+Inf\"} 3\n",
        "_sum{route=\"sign_message\",result=\"ok\"} 10.000202\n",
        "_count{route=\"sign_message\",result=\"ok\"} 3\n",
        "_count{route=\"sign_message\",result=\"unavailable\"} 1\n",
        "_sum{route=\"sign_message\",result=\"unavailable\"} 0.000000\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        expect_true(lines[i], bench_has(text, lines[i]));
    expect_true("unused series are left out", !bench_has(text, "account_create"));
}

static void round_trips(void)
{
    static struct metrics metrics;
    metrics_record_round_trip(&metrics, 2000);
    const slice text = print(&metrics);
    expect_true("bucket",
                bench_has(text, "enw_enclave_round_trip_seconds_bucket{le=\"0.0025\"} 1\n"));
    expect_true("below",
                bench_has(text, "enw_enclave_round_trip_seconds_bucket{le=\"0.001\"} 0\n"));
    expect_true("sum", bench_has(text, "enw_enclave_round_trip_seconds_sum 0.002000\n"));
    expect_true("count", bench_has(text, "enw_enclave_round_trip_seconds_count 1\n"));
}

static void series(void)
{
    static const struct metrics_series one = {"enw_x", "gauge", "What it is."};
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    metrics_put_series(&text, &one, 18446744073709551615u);
    expect_text("text", builder_view(&text),
                "# HELP enw_x What it is.\n# TYPE enw_x gauge\nenw_x 18446744073709551615\n");
}

static void process(void)
{
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    metrics_put_process(&text);
    expect_true("memory", bench_has(builder_view(&text), "\nprocess_resident_memory_bytes "));
    expect_true("not zero", !bench_has(builder_view(&text), "process_resident_memory_bytes 0\n"));
    expect_true("descriptors", !bench_has(builder_view(&text), "process_open_fds 0\n"));
}

/* Opening anything fails, as when all descriptors are in use. */
static void process_without_descriptors(void)
{
    struct rlimit usual, none;
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    expect_true("known", getrlimit(RLIMIT_NOFILE, &usual) == 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = usual.rlim_max};
    expect_true("lowered", setrlimit(RLIMIT_NOFILE, &none) == 0);
    metrics_put_process(&text);
    expect_true("restored", setrlimit(RLIMIT_NOFILE, &usual) == 0);
    expect_text("absent", builder_view(&text), "");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"requests", requests},
        {"round trips", round_trips},
        {"series", series},
        {"process", process},
        {"process without descriptors", process_without_descriptors},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
