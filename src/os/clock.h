/*
 * clock: wall time and monotonic time.
 *
 * Deadlines are absolute, in milliseconds of the monotonic clock, which no one can set. Wall time
 * is for certificates, signatures of requests and people. What decides by time takes a
 * `struct clock`, so that a test can hold it; what only waits for a socket uses the system's.
 */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stdint.h>

/* A port: where time comes from. Both functions may be called from any thread. */
struct clock {
    int64_t (*monotonic_ms)(void *context);
    int64_t (*wall_ms)(void *context); /* since 1970-01-01 UTC */
    void *context;
};

/* The machine's clocks. */
struct clock clock_system(void);

/* What the given clock says. */
int64_t clock_read_monotonic_ms(const struct clock *clock);
int64_t clock_read_wall_ms(const struct clock *clock);

/* What the machine's clocks say. A machine without a clock is not survivable: it aborts. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void); /* for measuring durations */
int64_t clock_wall_ms(void);

/* The machine's monotonic time `duration_ms` from now, as a deadline; it saturates. */
int64_t clock_deadline_ms(int64_t duration_ms);

/* What is left until the deadline, from 0 to `max_ms`, in the form poll(2) takes. */
int clock_left_ms(int64_t deadline_ms, int max_ms);

#endif
