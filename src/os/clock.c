#include "os/clock.h"

#include <stdlib.h>
#include <time.h>

/* Microseconds of one of the kernel's clocks; 2^63 of them are 292,000 years. */
static int64_t kernel_us(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0) abort();
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_monotonic_ms(void *context)
{
    (void)context;
    return clock_monotonic_ms();
}

static int64_t system_wall_ms(void *context)
{
    (void)context;
    return clock_wall_ms();
}

struct clock clock_system(void)
{
    return (struct clock){system_monotonic_ms, system_wall_ms, NULL};
}

int64_t clock_read_monotonic_ms(const struct clock *clock)
{
    return clock->monotonic_ms(clock->context);
}

int64_t clock_read_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->context);
}

int64_t clock_monotonic_ms(void)
{
    return kernel_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
    return kernel_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
    return kernel_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_deadline_ms(int64_t duration_ms)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (duration_ms <= 0) return now_ms;
    return duration_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + duration_ms;
}

int clock_left_ms(int64_t deadline_ms, int max_ms)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (deadline_ms <= now_ms) return 0;
    /* Both are non-negative here, so the difference cannot overflow. */
    const int64_t left_ms = deadline_ms - now_ms;
    return left_ms > max_ms ? max_ms : (int)left_ms;
}
