#include "net/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include "os/clock.h"

enum { POLL_MS_MAX = 60000 };

static bool wants_read(const struct relay_direction *direction)
{
    return !direction->is_read_over && direction->start == direction->end;
}

static bool wants_write(const struct relay_direction *direction)
{
    return direction->start < direction->end;
}

/* A step that could not be made yet is no failure. */
static status unless_late(status result)
{
    return stream_is_late(result) ? status_ok() : result;
}

static status read_step(struct relay_direction *direction, bool *has_moved)
{
    size_t size = 0;
    const status result =
        stream_read(direction->from, direction->bytes, sizeof direction->bytes, 0, &size);
    if (!status_is_ok(result)) return unless_late(result);
    direction->start = 0;
    direction->end = size;
    direction->is_read_over = size == 0;
    *has_moved = true;
    return status_ok();
}

static status write_step(struct relay_direction *direction, bool *has_moved)
{
    size_t size = 0;
    const slice rest =
        slice_of(direction->bytes + direction->start, direction->end - direction->start);
    const status result = stream_write_some(direction->to, rest, 0, &size);
    if (!status_is_ok(result)) return unless_late(result);
    direction->start += size;
    direction->done_size += size;
    *has_moved = true;
    return status_ok();
}

static status direction_step(struct relay_direction *direction, bool *has_moved)
{
    if (wants_read(direction)) TRY(read_step(direction, has_moved));
    if (wants_write(direction)) TRY(write_step(direction, has_moved));
    if (direction->is_read_over && !direction->is_over) {
        TRY(unless_late(stream_shut_write(direction->to, 0)));
        direction->is_over = true;
    }
    return status_ok();
}

/* A descriptor that nothing is wanted of is left out, or its hang-up would wake us for ever. */
static struct pollfd interest(const struct relay_direction *reading,
                              const struct relay_direction *writing)
{
    const short events =
        (short)((wants_read(reading) ? POLLIN : 0) | (wants_write(writing) ? POLLOUT : 0));
    return (struct pollfd){.fd = events ? reading->from->descriptor : -1, .events = events};
}

static bool has_pending(const struct relay_direction *direction)
{
    return wants_read(direction) && stream_has_pending(direction->from);
}

static status wait_step(const struct relay *relay, int64_t idle_deadline_ms)
{
    struct pollfd targets[] = {
        interest(&relay->forward, &relay->backward),
        interest(&relay->backward, &relay->forward),
        {.fd = relay->stop_descriptor, .events = POLLIN},
    };
    const bool is_ready = has_pending(&relay->forward) || has_pending(&relay->backward);
    const int left_ms = is_ready ? 0 : clock_left_ms(idle_deadline_ms, POLL_MS_MAX);
    const int count = poll(targets, ARRAY_COUNT(targets), left_ms);
    if (count < 0 && errno != EINTR) FAIL(UNAVAILABLE, errno, "relay: cannot wait");
    if (count > 0 && targets[2].revents) {
        FAIL(UNAVAILABLE, ECANCELED, "relay: was told to stop");
    }
    if (count == 0 && clock_left_ms(idle_deadline_ms, 1) == 0) {
        FAIL(UNAVAILABLE, ETIMEDOUT, "relay: nothing moved for too long");
    }
    return status_ok();
}

static void direction_init(struct relay_direction *direction, struct stream *from,
                           struct stream *to)
{
    direction->from = from;
    direction->to = to;
    direction->start = direction->end = 0;
    direction->is_read_over = direction->is_over = false;
    direction->done_size = 0;
}

void relay_init(struct relay *relay, struct stream *first, struct stream *second)
{
    /* The buffers stay untouched: pages that no byte has passed through cost nothing. */
    direction_init(&relay->forward, first, second);
    direction_init(&relay->backward, second, first);
}

status relay_run(struct relay *relay)
{
    int64_t idle_deadline_ms = clock_deadline_ms(relay->idle_ms_max);
    for (;;) {
        bool has_moved = false;
        TRY(direction_step(&relay->forward, &has_moved));
        TRY(direction_step(&relay->backward, &has_moved));
        if (relay->forward.is_over && relay->backward.is_over) return status_ok();
        if (has_moved) idle_deadline_ms = clock_deadline_ms(relay->idle_ms_max);
        TRY(wait_step(relay, idle_deadline_ms));
    }
}
