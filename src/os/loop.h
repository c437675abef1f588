/*
 * loop: one thread's turns of descriptors, timers and tasks.
 *
 * A turn waits until a watched descriptor is ready, a timer is due or another thread has posted a
 * task; it runs all of them, then what was asked to run at the turn's end, which is where gathered
 * writes leave together. Time is read once a turn. Everything is intrusive: watches, timers, tasks
 * and hooks live in their owners, which keep them until they are removed or have run.
 *
 * All functions are for the loop's own thread, or for before it runs, but loop_post and loop_stop.
 */
#ifndef OS_LOOP_H
#define OS_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/arena.h"
#include "base/status.h"
#include "os/clock.h"

enum {
    LOOP_EVENT_COUNT_MAX = 256, /* descriptors served in one turn; the others come in the next */
};

struct loop_watch {
    int descriptor;
    void (*ready)(struct loop_watch *watch, uint32_t events); /* EPOLLIN, EPOLLOUT, … */
};

struct loop_timer {
    int64_t due_ms;
    void (*due)(struct loop_timer *timer, int64_t now_ms); /* it is not set any more */
    size_t place; /* the loop's own: where it is in the heap, from 1; 0: not set */
};

struct loop_task {
    void (*run)(struct loop_task *task); /* it may be posted again */
    struct loop_task *next;
};

struct loop_hook {
    void (*run)(struct loop_hook *hook); /* it may ask to be run again, in the same turn */
    struct loop_hook *next;
    bool is_asked;
};

struct loop_heap_entry {
    int64_t ms; /* the timer's time, or before: then it is put where it belongs when this comes */
    struct loop_timer *timer;
};

/* `{0}` is closed. Must not move while open. */
struct loop {
    int epoll, wake;
    bool is_open;
    struct clock clock;
    int64_t now_ms, now_us;
    struct arena memory;
    struct loop_heap_entry *heap; /* of size `timer_count`, the earliest first */
    size_t timer_count, timer_count_max;
    struct loop_hook *first_hook, *last_hook;
    struct epoll_event
        events[LOOP_EVENT_COUNT_MAX]; /* of this turn; those of removed watches: NULL */
    int event_count;
    pthread_mutex_t mutex; /* of the next two, and of waking */
    struct loop_task *first_task, *last_task;
    bool is_asleep;
    _Atomic bool is_stopping;
};

/*
 * `clock` is the one that timers go by: clock_system(), or a test's. `timer_count_max` timers may
 * be set at once. UNAVAILABLE without descriptors or memory.
 */
MUST_CHECK status loop_open(struct loop *loop, struct clock clock, size_t timer_count_max);
/* Closes. What is still watched, set or posted is forgotten. Harmless when it is closed. */
void loop_close(struct loop *loop);

/* Runs turns until loop_stop. */
void loop_run(struct loop *loop);
/* Runs one turn, which waits at most `wait_ms_max` for something to do. */
void loop_turn(struct loop *loop, int wait_ms_max);
/* Any thread: ends loop_run after the turn. */
void loop_stop(struct loop *loop);

/* Watches a descriptor for these events, level-triggered. UNAVAILABLE when the system cannot. */
MUST_CHECK status loop_watch_add(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
/* Before the descriptor is closed. Its `ready` is not called any more, in this turn neither. */
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

/* Sets, or moves. Later costs nothing. Aborts when more are set than were asked for. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_ms);
/* Harmless when it is not set. */
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* Any thread: runs the task on the loop's thread, in order. */
void loop_post(struct loop *loop, struct loop_task *task);

/* Runs the hook at the end of this turn, once, however often it was asked for. */
void loop_at_turn_end(struct loop *loop, struct loop_hook *hook);
void loop_hook_cancel(struct loop *loop, struct loop_hook *hook);

/* The time of this turn: of the loop's clock, and of the machine's for measuring durations. */
int64_t loop_now_ms(const struct loop *loop);
int64_t loop_now_us(const struct loop *loop);

#endif
