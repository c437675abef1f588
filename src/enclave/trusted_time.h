/*
 * trusted_time: wall time that the parent cannot set.
 *
 * A sample is the timestamp of a fresh attestation document, made by the hypervisor. Between
 * samples the machine's monotonic clock carries it on. It never goes back. A sample that differs
 * by more than TRUSTED_TIME_JUMP_MS_MAX from what was carried on is not believed until the next
 * one agrees with it, and meanwhile the time is called doubtful: caches that live by time should
 * then be emptied.
 */
#ifndef ENCLAVE_TRUSTED_TIME_H
#define ENCLAVE_TRUSTED_TIME_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "enclave/ports.h"
#include "os/clock.h"

enum {
    TRUSTED_TIME_REFRESH_MS = 60 * 1000, /* clocks of enclaves drift visibly within a day */
    TRUSTED_TIME_JUMP_MS_MAX = 2000,     /* drift of a minute and the module's delay are far less */
};

/* `{0}` is closed. Any thread may read it. */
struct trusted_time {
    struct nsm_port nsm;
    struct clock machine; /* its monotonic clock carries samples on */
    pthread_mutex_t mutex;
    int64_t sample_ms, sampled_at_ms; /* wall time, and the monotonic time it belongs to */
    int64_t told_ms;                  /* the latest time ever told */
    int64_t doubt_ms, doubted_at_ms;  /* a sample that is not believed yet */
    bool is_doubtful;
    bool is_open;
};

/* Takes the first sample. `arena` is scratch memory of SELF_ARENA_SIZE. */
MUST_CHECK status trusted_time_open(const struct nsm_port *nsm, const struct clock *machine,
                                    struct arena *arena, struct trusted_time *time);
void trusted_time_close(struct trusted_time *time);

/* Takes a new sample. On failure the last one is carried on. */
MUST_CHECK status trusted_time_refresh(struct trusted_time *time, struct arena *arena);

/* True while the last sample contradicts the ones before. */
bool trusted_time_is_doubtful(struct trusted_time *time);

/* Now, as Unix milliseconds. */
int64_t trusted_time_read_ms(struct trusted_time *time);

/* The same as a clock: trusted wall time, the machine's monotonic time. `time` must outlive it. */
struct clock trusted_time_clock(struct trusted_time *time);

#endif
