#include "os/loop.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { WAIT_MS_MAX = 60000 };

static void read_time(struct loop *loop)
{
    loop->now_ms = clock_read_monotonic_ms(&loop->clock);
    loop->now_us = clock_monotonic_us();
}

static status open_parts(struct loop *loop)
{
    void *heap;
    TRY(arena_open(&loop->memory, loop->timer_count_max * sizeof *loop->heap));
    TRY(arena_take(&loop->memory, loop->timer_count_max * sizeof *loop->heap, &heap));
    loop->heap = heap;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) FAIL(UNAVAILABLE, errno, "loop: epoll is not to be had");
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake < 0) FAIL(UNAVAILABLE, errno, "loop: eventfd is not to be had");
    /* The wake-up is the one event without a watch. */
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) != 0) {
        FAIL(UNAVAILABLE, errno, "loop: a descriptor cannot be watched");
    }
    return status_ok();
}

static void release(struct loop *loop)
{
    if (loop->wake >= 0) close(loop->wake);
    if (loop->epoll >= 0) close(loop->epoll);
    arena_close(&loop->memory);
    pthread_mutex_destroy(&loop->mutex);
    loop->is_open = false;
}

status loop_open(struct loop *loop, struct clock clock, size_t timer_count_max)
{
    memset(loop, 0, sizeof *loop);
    loop->epoll = loop->wake = -1;
    loop->clock = clock;
    loop->timer_count_max = timer_count_max;
    pthread_mutex_init(&loop->mutex, NULL);
    const status opened = open_parts(loop);
    if (!status_is_ok(opened)) {
        release(loop);
        return opened;
    }
    read_time(loop);
    loop->is_open = true;
    return status_ok();
}

void loop_close(struct loop *loop)
{
    if (loop->is_open) release(loop);
}

/* ---- descriptors ---- */

status loop_watch_add(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->descriptor, &event) != 0) {
        FAIL(UNAVAILABLE, errno, "loop: a descriptor cannot be watched");
    }
    return status_ok();
}

void loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    /* It can only fail for a descriptor that is not watched. */
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->descriptor, &event);
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->descriptor, NULL);
    for (int i = 0; i < loop->event_count; i++) {
        if (loop->events[i].data.ptr == watch) loop->events[i].data.ptr = NULL;
    }
}

/* ---- timers: a binary heap, whose entries may be earlier than their timers ---- */

static void place(struct loop *loop, size_t at, struct loop_heap_entry entry)
{
    loop->heap[at] = entry;
    entry.timer->place = at + 1;
}

static void rise(struct loop *loop, size_t at, struct loop_heap_entry entry)
{
    while (at > 0 && loop->heap[(at - 1) / 2].ms > entry.ms) {
        place(loop, at, loop->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(loop, at, entry);
}

static void sink(struct loop *loop, size_t at, struct loop_heap_entry entry)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= loop->timer_count) break;
        if (child + 1 < loop->timer_count && loop->heap[child + 1].ms < loop->heap[child].ms) {
            child++;
        }
        if (loop->heap[child].ms >= entry.ms) break;
        place(loop, at, loop->heap[child]);
        at = child;
    }
    place(loop, at, entry);
}

static void take_out(struct loop *loop, size_t at)
{
    loop->heap[at].timer->place = 0;
    const struct loop_heap_entry last = loop->heap[--loop->timer_count];
    if (at == loop->timer_count) return;
    if (at > 0 && loop->heap[(at - 1) / 2].ms > last.ms) rise(loop, at, last);
    else sink(loop, at, last);
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_ms)
{
    const struct loop_heap_entry entry = {due_ms, timer};
    timer->due_ms = due_ms;
    if (timer->place == 0) {
        assert(loop->timer_count < loop->timer_count_max);
        rise(loop, loop->timer_count++, entry);
    } else if (due_ms < loop->heap[timer->place - 1].ms) {
        rise(loop, timer->place - 1, entry);
    }
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    if (timer->place > 0) take_out(loop, timer->place - 1);
}

static void run_timers(struct loop *loop)
{
    while (loop->timer_count > 0 && loop->heap[0].ms <= loop->now_ms) {
        struct loop_timer *timer = loop->heap[0].timer;
        if (timer->due_ms > loop->now_ms) {
            sink(loop, 0, (struct loop_heap_entry){timer->due_ms, timer});
            continue;
        }
        take_out(loop, 0);
        timer->due(timer, loop->now_ms);
    }
}

/* ---- tasks ---- */

static void wake(struct loop *loop)
{
    const uint64_t one = 1;
    /* A write that fails finds the counter full: then the loop is being woken anyway. */
    (void)!write(loop->wake, &one, sizeof one);
}

void loop_post(struct loop *loop, struct loop_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&loop->mutex);
    if (loop->last_task) loop->last_task->next = task;
    else loop->first_task = task;
    loop->last_task = task;
    if (loop->is_asleep) wake(loop);
    loop->is_asleep = false;
    pthread_mutex_unlock(&loop->mutex);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->is_stopping, true);
    wake(loop);
}

static void run_tasks(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct loop_task *task = loop->first_task;
    loop->first_task = loop->last_task = NULL;
    loop->is_asleep = false;
    pthread_mutex_unlock(&loop->mutex);
    while (task) {
        struct loop_task *next = task->next;
        task->run(task);
        task = next;
    }
}

/* ---- the turn's end ---- */

void loop_at_turn_end(struct loop *loop, struct loop_hook *hook)
{
    if (hook->is_asked) return;
    hook->is_asked = true;
    hook->next = NULL;
    if (loop->last_hook) loop->last_hook->next = hook;
    else loop->first_hook = hook;
    loop->last_hook = hook;
}

static struct loop_hook *take_hook(struct loop *loop)
{
    struct loop_hook *hook = loop->first_hook;
    if (!hook) return NULL;
    loop->first_hook = hook->next;
    if (!loop->first_hook) loop->last_hook = NULL;
    hook->is_asked = false;
    return hook;
}

void loop_hook_cancel(struct loop *loop, struct loop_hook *hook)
{
    struct loop_hook *each, *kept = NULL, **end = &kept;
    if (!hook->is_asked) return;
    while ((each = take_hook(loop))) {
        each->next = NULL;
        if (each == hook) continue;
        *end = each;
        end = &each->next;
    }
    while ((each = kept)) {
        kept = each->next;
        loop_at_turn_end(loop, each);
    }
}

/* ---- turns ---- */

static int wait_ms(struct loop *loop, int wait_ms_max)
{
    if (loop->first_hook) return 0;
    int64_t left_ms = wait_ms_max;
    if (loop->timer_count > 0 && loop->heap[0].ms - loop->now_ms < left_ms) {
        left_ms = loop->heap[0].ms - loop->now_ms;
    }
    return left_ms > 0 ? (int)left_ms : 0;
}

/* Whoever posts from now on wakes us; what was posted before is not slept over. */
static int fall_asleep(struct loop *loop, int wait)
{
    pthread_mutex_lock(&loop->mutex);
    if (loop->first_task) wait = 0;
    else loop->is_asleep = wait != 0;
    pthread_mutex_unlock(&loop->mutex);
    return wait;
}

static void run_ready(struct loop *loop)
{
    for (int i = 0; i < loop->event_count; i++) {
        struct loop_watch *watch = loop->events[i].data.ptr;
        if (watch) watch->ready(watch, loop->events[i].events);
    }
    loop->event_count = 0;
}

void loop_turn(struct loop *loop, int wait_ms_max)
{
    read_time(loop);
    const int wait = fall_asleep(loop, wait_ms(loop, wait_ms_max));
    const int count = epoll_wait(loop->epoll, loop->events, LOOP_EVENT_COUNT_MAX, wait);
    loop->event_count = count > 0 ? count : 0;
    uint64_t wakes;
    for (int i = 0; i < loop->event_count; i++) {
        if (!loop->events[i].data.ptr) (void)!read(loop->wake, &wakes, sizeof wakes);
    }
    read_time(loop);
    run_tasks(loop);
    run_ready(loop);
    run_timers(loop);
    struct loop_hook *hook;
    while ((hook = take_hook(loop))) hook->run(hook);
}

void loop_run(struct loop *loop)
{
    while (!atomic_load(&loop->is_stopping)) loop_turn(loop, WAIT_MS_MAX);
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

int64_t loop_now_us(const struct loop *loop)
{
    return loop->now_us;
}
