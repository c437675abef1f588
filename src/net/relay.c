#include "net/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include "os/clock.h"

/* One direction: from one stream through a buffer to the other. */
struct direction {
    struct stream *from, *to;
    uint8_t bytes[RELAY_BUFFER_SIZE];
    size_t start, end;  /* what was read but not yet written */
    bool is_read_over;  /* the source has ended */
    bool is_over;       /* … and the end was passed on */
    uint64_t done_size; /* bytes written */
};

static bool wants_read(const struct direction *direction)
{
    return !direction->is_read_over && direction->start == direction->end;
}

static bool wants_write(const struct direction *direction)
{
    return direction->start < direction->end;
}

/* A step that could not be made yet is no failure. */
static status unless_late(status result)
{
    return stream_is_late(result) ? status_ok() : result;
}

static status read_step(struct direction *direction, bool *has_moved)
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

static status write_step(struct direction *direction, bool *has_moved)
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

static status direction_step(struct direction *direction, bool *has_moved)
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
static struct pollfd interest(const struct direction *reading, const struct direction *writing)
{
    const short events =
        (short)((wants_read(reading) ? POLLIN : 0) | (wants_write(writing) ? POLLOUT : 0));
    return (struct pollfd){.fd = events ? reading->from->descriptor : -1, .events = events};
}

static status wait_step(const struct direction directions[2], const struct relay_limits *limits,
                        int64_t idle_deadline_ms)
{
    struct pollfd targets[3] = {
        interest(&directions[0], &directions[1]),
        interest(&directions[1], &directions[0]),
        {.fd = limits->stop_descriptor, .events = POLLIN},
    };
    const bool has_pending =
        (wants_read(&directions[0]) && stream_has_pending(directions[0].from)) ||
        (wants_read(&directions[1]) && stream_has_pending(directions[1].from));
    const int left_ms = has_pending ? 0 : clock_left_ms(idle_deadline_ms, 60000);
    const int count = poll(targets, 3, left_ms);
    if (count < 0 && errno != EINTR) FAIL(FAILURE_UNAVAILABLE, errno, "relay: cannot wait");
    if (count > 0 && targets[2].revents) {
        FAIL(FAILURE_UNAVAILABLE, ECANCELED, "relay: was told to stop");
    }
    if (count == 0 && clock_left_ms(idle_deadline_ms, 1) == 0) {
        FAIL(FAILURE_UNAVAILABLE, ETIMEDOUT, "relay: nothing moved for too long");
    }
    return status_ok();
}

static status both_run(struct direction directions[2], const struct relay_limits *limits)
{
    int64_t idle_deadline_ms = clock_deadline_ms(limits->idle_ms_max);
    for (;;) {
        bool has_moved = false;
        TRY(direction_step(&directions[0], &has_moved));
        TRY(direction_step(&directions[1], &has_moved));
        if (directions[0].is_over && directions[1].is_over) return status_ok();
        if (has_moved) idle_deadline_ms = clock_deadline_ms(limits->idle_ms_max);
        TRY(wait_step(directions, limits, idle_deadline_ms));
    }
}

status relay_run(struct stream *first, struct stream *second, const struct relay_limits *limits,
                 struct relay_counts *counts)
{
    struct direction directions[2];
    for (size_t i = 0; i < 2; i++) {
        directions[i].from = i == 0 ? first : second;
        directions[i].to = i == 0 ? second : first;
        directions[i].start = directions[i].end = 0;
        directions[i].is_read_over = directions[i].is_over = false;
        directions[i].done_size = 0;
    }
    const status result = both_run(directions, limits);
    *counts = (struct relay_counts){directions[0].done_size, directions[1].done_size};
    return result;
}
