#include "os/clock.h"

#include <time.h>

#include "runner.h"

static int64_t held_monotonic_ms(void *context)
{
    return *(const int64_t *)context;
}

static int64_t held_wall_ms(void *context)
{
    return *(const int64_t *)context + 1;
}

static void system_agrees_with_libc(void)
{
    const struct clock clock = clock_system();
    const int64_t before_s = (int64_t)time(NULL);
    const int64_t wall_s = clock_read_wall_ms(&clock) / 1000;
    const int64_t after_s = (int64_t)time(NULL);
    /* time(2) may lag by a tick behind the precise clock. */
    expect_true("wall", wall_s >= before_s && wall_s <= after_s + 1);
    const int64_t first_ms = clock_monotonic_ms();
    const int64_t second_ms = clock_read_monotonic_ms(&clock);
    const int64_t third_us = clock_monotonic_us();
    expect_true("monotonic", first_ms <= second_ms && second_ms <= third_us / 1000);
}

static void port_is_held(void)
{
    int64_t now_ms = 41;
    const struct clock clock = {held_monotonic_ms, held_wall_ms, &now_ms};
    expect_u64("monotonic", (uint64_t)clock_read_monotonic_ms(&clock), 41);
    expect_u64("wall", (uint64_t)clock_read_wall_ms(&clock), 42);
}

static void deadlines(void)
{
    const int64_t now_ms = clock_monotonic_ms();
    expect_true("later", clock_deadline_ms(1000) >= now_ms + 1000);
    expect_true("saturates", clock_deadline_ms(INT64_MAX) == INT64_MAX);
    expect_true("negative is now", clock_deadline_ms(-5) <= clock_monotonic_ms());
    expect_u64("none left", (uint64_t)clock_left_ms(now_ms - 1, 100), 0);
    expect_u64("long past", (uint64_t)clock_left_ms(INT64_MIN, 100), 0);
    expect_u64("capped", (uint64_t)clock_left_ms(INT64_MAX, 100), 100);
    const int left_ms = clock_left_ms(clock_monotonic_ms() + 50, 100);
    expect_true("what is left", left_ms > 0 && left_ms <= 50);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"system agrees with libc", system_agrees_with_libc},
        {"port is held", port_is_held},
        {"deadlines", deadlines},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
