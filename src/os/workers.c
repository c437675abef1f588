#include "os/workers.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* Waits for a job, or for the end: false once stopping and nothing waits. */
static bool job_take(struct workers *workers, struct worker_job *job)
{
    while (workers->waiting_count == 0) {
        if (workers->is_stopping) return false;
        pthread_cond_wait(&workers->has_work, &workers->mutex);
    }
    *job = workers->queue[workers->first_index];
    workers->first_index = (workers->first_index + 1) % workers->limits.queue_count;
    workers->waiting_count--;
    workers->running_count++;
    return true;
}

static void *worker_run(void *context)
{
    struct worker *worker = context;
    struct workers *workers = worker->workers;
    struct arena *arena = workers->limits.arena_size > 0 ? &worker->arena : NULL;
    struct worker_job job;
    pthread_mutex_lock(&workers->mutex);
    while (job_take(workers, &job)) {
        pthread_mutex_unlock(&workers->mutex);
        job.run(job.context, arena);
        if (arena) arena_empty(arena);
        pthread_mutex_lock(&workers->mutex);
        workers->running_count--;
        if (workers->running_count == 0 && workers->waiting_count == 0) {
            pthread_cond_broadcast(&workers->is_idle);
        }
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

/* Starts one thread with a small stack that takes no signals: those belong to main. */
static status thread_start(struct worker *worker)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_attr_init(&attributes) != 0) {
        FAIL(UNAVAILABLE, 0, "workers: thread cannot be described");
    }
    int reason = pthread_attr_setstacksize(&attributes, WORKERS_STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (reason == 0) reason = pthread_create(&worker->thread, &attributes, worker_run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (reason != 0) FAIL(UNAVAILABLE, reason, "workers: thread cannot be started");
    return status_ok();
}

static status worker_open(struct workers *workers)
{
    struct worker *worker = &workers->workers[workers->thread_count];
    *worker = (struct worker){.workers = workers};
    if (workers->limits.arena_size > 0) {
        TRY(arena_open(&worker->arena, workers->limits.arena_size));
    }
    const status result = thread_start(worker);
    if (!status_is_ok(result)) {
        arena_close(&worker->arena);
        return result;
    }
    workers->thread_count++;
    return status_ok();
}

static void synchronisation_open(struct workers *workers)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->has_work, NULL);
    pthread_cond_init(&workers->is_idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

status workers_open(struct workers *workers, const struct workers_limits *limits)
{
    REQUIRE(limits->thread_count > 0 && limits->thread_count <= WORKERS_THREAD_COUNT_MAX,
            OVER_LIMIT, "workers: number of threads is out of range");
    REQUIRE(limits->queue_count > 0 && limits->queue_count <= WORKERS_QUEUE_COUNT_MAX, OVER_LIMIT,
            "workers: length of the queue is out of range");
    void *queue;
    struct arena memory;
    const size_t queue_size = limits->queue_count * sizeof(struct worker_job);
    TRY(arena_open(&memory, queue_size));
    status result = arena_take(&memory, queue_size, &queue);
    if (!status_is_ok(result)) {
        arena_close(&memory);
        return result;
    }
    *workers =
        (struct workers){.limits = *limits, .memory = memory, .queue = queue, .is_open = true};
    synchronisation_open(workers);
    while (status_is_ok(result) && workers->thread_count < limits->thread_count) {
        result = worker_open(workers);
    }
    if (!status_is_ok(result)) workers_close(workers);
    return result;
}

/* Called with the mutex held. */
static status job_add(struct workers *workers, struct worker_job job)
{
    REQUIRE(!workers->is_refusing, UNAVAILABLE, "workers: are being stopped");
    REQUIRE(workers->waiting_count < workers->limits.queue_count, OVER_LIMIT,
            "workers: the queue is full");
    const size_t index =
        (workers->first_index + workers->waiting_count) % workers->limits.queue_count;
    workers->queue[index] = job;
    workers->waiting_count++;
    return status_ok();
}

status workers_submit(struct workers *workers, struct worker_job job)
{
    pthread_mutex_lock(&workers->mutex);
    const status result = job_add(workers, job);
    if (status_is_ok(result)) pthread_cond_signal(&workers->has_work);
    pthread_mutex_unlock(&workers->mutex);
    return result;
}

status workers_drain(struct workers *workers, int64_t deadline_ms)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000000};
    int reason = 0;
    pthread_mutex_lock(&workers->mutex);
    workers->is_refusing = true;
    while (reason == 0 && workers->waiting_count + workers->running_count > 0) {
        reason = pthread_cond_timedwait(&workers->is_idle, &workers->mutex, &until);
    }
    const bool is_idle = workers->waiting_count + workers->running_count == 0;
    pthread_mutex_unlock(&workers->mutex);
    if (!is_idle) FAIL(UNAVAILABLE, ETIMEDOUT, "workers: did not finish in time");
    return status_ok();
}

void workers_close(struct workers *workers)
{
    if (!workers->is_open) return;
    pthread_mutex_lock(&workers->mutex);
    workers->is_refusing = true;
    workers->is_stopping = true;
    pthread_cond_broadcast(&workers->has_work);
    pthread_mutex_unlock(&workers->mutex);
    for (size_t i = 0; i < workers->thread_count; i++) {
        pthread_join(workers->workers[i].thread, NULL);
        arena_close(&workers->workers[i].arena);
    }
    pthread_cond_destroy(&workers->has_work);
    pthread_cond_destroy(&workers->is_idle);
    pthread_mutex_destroy(&workers->mutex);
    arena_close(&workers->memory);
    *workers = (struct workers){0};
}
