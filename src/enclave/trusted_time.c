#include "enclave/trusted_time.h"

#include <stdlib.h>

#include "enclave/self.h"

/* A sample and the monotonic time it belongs to: the middle of the call that took it. */
struct sample {
    int64_t wall_ms, monotonic_ms;
};

static status sample_take(const struct nsm_port *nsm, const struct clock *machine,
                          struct arena *arena, struct sample *sample)
{
    int64_t wall_ms;
    const int64_t before_ms = clock_read_monotonic_ms(machine);
    TRY(self_read_time(nsm, arena, &wall_ms));
    const int64_t after_ms = clock_read_monotonic_ms(machine);
    *sample = (struct sample){wall_ms, before_ms + (after_ms - before_ms) / 2};
    return status_ok();
}

status trusted_time_open(const struct nsm_port *nsm, const struct clock *machine,
                         struct arena *arena, struct trusted_time *time)
{
    struct sample sample;
    TRY(sample_take(nsm, machine, arena, &sample));
    *time = (struct trusted_time){
        .nsm = *nsm,
        .machine = *machine,
        .sample_ms = sample.wall_ms,
        .sampled_at_ms = sample.monotonic_ms,
        .is_open = true,
    };
    pthread_mutex_init(&time->mutex, NULL);
    return status_ok();
}

void trusted_time_close(struct trusted_time *time)
{
    if (time->is_open) pthread_mutex_destroy(&time->mutex);
    time->is_open = false;
}

/* True when `sample` is what an earlier one has become by now. */
static bool agrees(struct sample sample, struct sample earlier)
{
    const int64_t carried_ms = earlier.wall_ms + (sample.monotonic_ms - earlier.monotonic_ms);
    const int64_t difference_ms = sample.wall_ms - carried_ms;
    return llabs(difference_ms) <= TRUSTED_TIME_JUMP_MS_MAX;
}

status trusted_time_refresh(struct trusted_time *time, struct arena *arena)
{
    struct sample sample;
    TRY(sample_take(&time->nsm, &time->machine, arena, &sample));
    pthread_mutex_lock(&time->mutex);
    const struct sample last = {time->sample_ms, time->sampled_at_ms};
    const struct sample doubt = {time->doubt_ms, time->doubted_at_ms};
    if (agrees(sample, last) || (time->is_doubtful && agrees(sample, doubt))) {
        time->sample_ms = sample.wall_ms;
        time->sampled_at_ms = sample.monotonic_ms;
        time->is_doubtful = false;
    } else {
        time->doubt_ms = sample.wall_ms;
        time->doubted_at_ms = sample.monotonic_ms;
        time->is_doubtful = true;
    }
    pthread_mutex_unlock(&time->mutex);
    return status_ok();
}

bool trusted_time_is_doubtful(struct trusted_time *time)
{
    pthread_mutex_lock(&time->mutex);
    const bool is_doubtful = time->is_doubtful;
    pthread_mutex_unlock(&time->mutex);
    return is_doubtful;
}

int64_t trusted_time_read_ms(struct trusted_time *time)
{
    pthread_mutex_lock(&time->mutex);
    const int64_t now_ms =
        time->sample_ms + (clock_read_monotonic_ms(&time->machine) - time->sampled_at_ms);
    if (now_ms > time->told_ms) time->told_ms = now_ms;
    const int64_t told_ms = time->told_ms;
    pthread_mutex_unlock(&time->mutex);
    return told_ms;
}

static int64_t clock_wall(void *context)
{
    return trusted_time_read_ms(context);
}

static int64_t clock_monotonic(void *context)
{
    const struct trusted_time *time = context;
    return clock_read_monotonic_ms(&time->machine);
}

struct clock trusted_time_clock(struct trusted_time *time)
{
    return (struct clock){.monotonic_ms = clock_monotonic, .wall_ms = clock_wall, .context = time};
}
