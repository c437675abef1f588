#include "serve/counters.h"

#include <string.h>

#include "runner.h"

static void sums(void)
{
    static struct counters first, second;
    struct serve_totals totals = {0};
    counters_add(&first, COUNTERS_ACCEPTED, 3);
    counters_add(&second, COUNTERS_ACCEPTED, 4);
    counters_set(&first, COUNTERS_CONNECTIONS, 9);
    counters_set(&first, COUNTERS_CONNECTIONS, 2);
    counters_set(&second, COUNTERS_CONNECTIONS, 5);
    counters_sum(&first, &totals);
    counters_sum(&second, &totals);
    expect_u64("total", totals.values[COUNTERS_ACCEPTED], 7);
    expect_u64("gauge", totals.values[COUNTERS_CONNECTIONS], 7);
    expect_u64("another", totals.values[COUNTERS_EVICTED], 0);
}

/* Metrics are found by their names. */
static void names(void)
{
    for (size_t i = 0; i < COUNTERS_COUNT; i++) {
        const char *name = counters_name((enum counters_kind)i);
        runner_row_at("counter", i);
        if (!expect_true("has a name", name != NULL)) continue;
        expect_true("of letters and lines",
                    strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name));
        for (size_t k = 0; k < i; k++) {
            expect_true("of its own", strcmp(name, counters_name((enum counters_kind)k)) != 0);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"sums", sums},
        {"names", names},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
