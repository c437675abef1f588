#include "os/workers.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/harden.h"
#include "runner.h"

/* Jobs that wait at a gate until the test opens it. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t has_changed;
    bool is_open;
    size_t waiting_count;
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .has_changed = PTHREAD_COND_INITIALIZER};

static void gate_set(bool is_open)
{
    pthread_mutex_lock(&gate.mutex);
    gate.is_open = is_open;
    pthread_cond_broadcast(&gate.has_changed);
    pthread_mutex_unlock(&gate.mutex);
}

static void gate_pass(void *context, struct arena *arena)
{
    (void)context;
    (void)arena;
    pthread_mutex_lock(&gate.mutex);
    gate.waiting_count++;
    pthread_cond_broadcast(&gate.has_changed);
    while (!gate.is_open) pthread_cond_wait(&gate.has_changed, &gate.mutex);
    gate.waiting_count--;
    pthread_mutex_unlock(&gate.mutex);
}

static void gate_wait_for(size_t count)
{
    pthread_mutex_lock(&gate.mutex);
    while (gate.waiting_count < count) pthread_cond_wait(&gate.has_changed, &gate.mutex);
    pthread_mutex_unlock(&gate.mutex);
}

static void count_up(void *context, struct arena *arena)
{
    (void)arena;
    atomic_fetch_add((atomic_size_t *)context, 1);
}

static void all_run(void)
{
    SCOPED(workers_close) struct workers workers = {0};
    atomic_size_t count = 0;
    expect_ok("open", workers_open(&workers, &(struct workers_limits){3, 64, 0}));
    size_t accepted_count = 0;
    for (size_t i = 0; i < 1000; i++) {
        const status result = workers_submit(&workers, (struct worker_job){count_up, &count});
        if (status_is_ok(result)) accepted_count++;
        else usleep(100);
    }
    expect_ok("drain", workers_drain(&workers, clock_deadline_ms(10000)));
    expect_u64("each once", atomic_load(&count), accepted_count);
    expect_true("some", accepted_count >= 64);
    expect_refused("refuses then", workers_submit(&workers, (struct worker_job){count_up, &count}),
                   "workers: are being stopped");
}

static void queue_is_bounded(void)
{
    SCOPED(workers_close) struct workers workers = {0};
    const struct worker_job job = {gate_pass, NULL};
    gate_set(false);
    expect_ok("open", workers_open(&workers, &(struct workers_limits){2, 3, 0}));
    expect_ok("runs", workers_submit(&workers, job));
    expect_ok("runs", workers_submit(&workers, job));
    gate_wait_for(2);
    for (size_t i = 0; i < 3; i++) expect_ok("waits", workers_submit(&workers, job));
    expect_refused("full", workers_submit(&workers, job), "workers: the queue is full");
    const status late = workers_drain(&workers, clock_deadline_ms(20));
    expect_refused("not in time", late, "workers: did not finish in time");
    expect_u64("errno", (uint64_t)late.detail, ETIMEDOUT);
    gate_set(true);
    expect_ok("in time", workers_drain(&workers, clock_deadline_ms(10000)));
    expect_ok("again", workers_drain(&workers, 0));
}

static void closing_runs_what_waits(void)
{
    struct workers workers = {0};
    atomic_size_t count = 0;
    gate_set(false);
    expect_ok("open", workers_open(&workers, &(struct workers_limits){1, 8, 0}));
    expect_ok("blocks", workers_submit(&workers, (struct worker_job){gate_pass, NULL}));
    gate_wait_for(1);
    for (size_t i = 0; i < 8; i++) {
        expect_ok("waits", workers_submit(&workers, (struct worker_job){count_up, &count}));
    }
    gate_set(true);
    workers_close(&workers);
    expect_u64("all", atomic_load(&count), 8);
    workers_close(&workers);
}

struct arena_job {
    struct arena *seen;
    size_t used_size;
    bool was_clean;
};

static void use_arena(void *context, struct arena *arena)
{
    struct arena_job *job = context;
    void *memory;
    job->seen = arena;
    job->used_size = arena->used_size;
    job->was_clean = status_is_ok(arena_take(arena, 64, &memory)) && *(uint8_t *)memory == 0;
    if (job->was_clean) *(uint8_t *)memory = 0xaa;
}

static void arenas_are_emptied(void)
{
    SCOPED(workers_close) struct workers workers = {0};
    struct arena_job jobs[5] = {0};
    expect_ok("open", workers_open(&workers, &(struct workers_limits){1, 8, 128}));
    for (size_t i = 0; i < 5; i++) {
        expect_ok("submit", workers_submit(&workers, (struct worker_job){use_arena, &jobs[i]}));
    }
    expect_ok("drain", workers_drain(&workers, clock_deadline_ms(10000)));
    for (size_t i = 0; i < 5; i++) {
        expect_true("has one", jobs[i].seen != NULL);
        expect_u64("empty", jobs[i].used_size, 0);
        expect_true("wiped", jobs[i].was_clean);
    }
}

static void see_signals(void *context, struct arena *arena)
{
    (void)arena;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    *(bool *)context = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGINT) == 1;
}

static void signals_are_blocked(void)
{
    SCOPED(workers_close) struct workers workers = {0};
    bool are_blocked = false;
    sigset_t ours;
    expect_ok("open", workers_open(&workers, &(struct workers_limits){1, 1, 0}));
    expect_ok("submit", workers_submit(&workers, (struct worker_job){see_signals, &are_blocked}));
    expect_ok("drain", workers_drain(&workers, clock_deadline_ms(10000)));
    expect_true("in workers", are_blocked);
    pthread_sigmask(SIG_BLOCK, NULL, &ours);
    expect_true("not in us", sigismember(&ours, SIGTERM) == 0);
}

static void limits(void)
{
    static const struct {
        const char *name;
        struct workers_limits limits;
        const char *refusal;
    } rows[] = {
        {"no threads", {0, 1, 0}, "workers: number of threads is out of range"},
        {"too many threads",
         {WORKERS_THREAD_COUNT_MAX + 1, 1, 0},
         "workers: number of threads is out of range"},
        {"no queue", {1, 0, 0}, "workers: length of the queue is out of range"},
        {"queue too long",
         {1, WORKERS_QUEUE_COUNT_MAX + 1, 0},
         "workers: length of the queue is out of range"},
        {"the most", {WORKERS_THREAD_COUNT_MAX, WORKERS_QUEUE_COUNT_MAX, 0}, NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        SCOPED(workers_close) struct workers workers = {0};
        runner_row(rows[i].name);
        expect_outcome("open", workers_open(&workers, &rows[i].limits), rows[i].refusal);
        expect_true("closed", workers.is_open == !rows[i].refusal);
    }
}

static void memory_nobody_has(void)
{
    /* Sanitizers end the program instead of refusing. */
    if (!harden_has_filter()) return;
    SCOPED(workers_close) struct workers workers = {0};
    expect_refused("open", workers_open(&workers, &(struct workers_limits){2, 1, SIZE_MAX / 2}),
                   "arena: the system has no memory left");
    expect_true("closed", !workers.is_open);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"all run", all_run},
        {"queue is bounded", queue_is_bounded},
        {"closing runs what waits", closing_runs_what_waits},
        {"arenas are emptied", arenas_are_emptied},
        {"signals are blocked", signals_are_blocked},
        {"limits", limits},
        {"memory nobody has", memory_nobody_has},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
