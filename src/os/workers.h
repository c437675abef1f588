/*
 * workers: a fixed number of threads and a bounded queue of jobs for them.
 *
 * A job is a function and its context. Each worker has an arena, handed to the job and emptied
 * after it. A full queue refuses, so that the caller can answer "busy" at once instead of letting
 * work pile up. Threads block all signals.
 */
#ifndef OS_WORKERS_H
#define OS_WORKERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum {
    WORKERS_THREAD_COUNT_MAX = 64,  /* more than our machines have cores, with room for waiting */
    WORKERS_QUEUE_COUNT_MAX = 4096, /* beyond this, waiting is worse than being refused */
    WORKERS_STACK_SIZE = 256 << 10, /* libcrypto's deepest calls stay far below */
};

struct worker_job {
    void (*run)(void *context, struct arena *arena);
    void *context; /* must live until the job has run */
};

struct workers_limits {
    size_t thread_count;
    size_t queue_count; /* jobs that may wait */
    size_t arena_size;  /* bytes for each worker; 0: jobs get a NULL arena */
};

struct worker {
    struct workers *workers;
    pthread_t thread;
    struct arena arena;
};

struct workers {
    struct workers_limits limits;
    struct arena memory; /* the queue's */
    struct worker_job *queue;
    size_t first_index, waiting_count, running_count;
    bool is_refusing, is_stopping;
    pthread_mutex_t mutex;
    pthread_cond_t has_work, is_idle;
    struct worker workers[WORKERS_THREAD_COUNT_MAX];
    size_t thread_count; /* started */
    bool is_open;
};

/* Starts the threads. OVER_LIMIT for limits above the maxima, UNAVAILABLE without threads. */
MUST_CHECK status workers_open(struct workers *workers, const struct workers_limits *limits);

/* Hands a job over. OVER_LIMIT when the queue is full, UNAVAILABLE once drained. */
MUST_CHECK status workers_submit(struct workers *workers, struct worker_job job);

/* Refuses further jobs and waits until all have run. UNAVAILABLE at the deadline. */
MUST_CHECK status workers_drain(struct workers *workers, int64_t deadline_ms);

/* Refuses further jobs, runs those waiting, and joins the threads. */
void workers_close(struct workers *workers);

#endif
