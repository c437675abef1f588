#include "os/loop.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner.h"

enum { TIMER_COUNT = 64 };

static struct loop loop;
static int64_t now_ms;
static char order[128];

static int64_t read_now(void *context)
{
    (void)context;
    return now_ms;
}

static void open_loop(void)
{
    now_ms = 1000;
    memset(order, 0, sizeof order);
    const struct clock clock = {.monotonic_ms = read_now, .wall_ms = read_now};
    expect_ok("open", loop_open(&loop, clock, TIMER_COUNT));
}

struct named_timer {
    struct loop_timer timer;
    char name;
};

static void note(char name)
{
    order[strlen(order)] = name;
}

static void timer_due(struct loop_timer *timer, int64_t at_ms)
{
    expect_u64("now", (uint64_t)at_ms, (uint64_t)now_ms);
    expect_true("not early", timer->due_ms <= at_ms);
    note(((struct named_timer *)timer)->name);
}

static void timers_in_order(void)
{
    struct named_timer timers[5];
    open_loop();
    for (size_t i = 0; i < 5; i++) {
        timers[i] = (struct named_timer){.timer = {.due = timer_due}, .name = (char)('a' + i)};
        loop_timer_set(&loop, &timers[i].timer, 1000 + 10 * (int64_t)(5 - i));
    }
    loop_timer_set(&loop, &timers[4].timer, 1100); /* later */
    loop_timer_set(&loop, &timers[0].timer, 1001); /* earlier */
    loop_timer_cancel(&loop, &timers[2].timer);
    loop_timer_cancel(&loop, &timers[2].timer);
    loop_turn(&loop, 0);
    expect_text("none is due", slice_text(order), "");
    for (int64_t end_ms = 1200; now_ms < end_ms; now_ms++) loop_turn(&loop, 0);
    expect_text("order", slice_text(order), "adbe");
    expect_u64("none is left", loop.timer_count, 0);
    loop_timer_set(&loop, &timers[2].timer, 0);
    loop_turn(&loop, 0);
    expect_text("again", slice_text(order), "adbec");
    loop_close(&loop);
}

/* Whatever is set, moved and cancelled, each timer is due at its time and not before. */
static void timers_by_chance(void)
{
    static struct named_timer timers[TIMER_COUNT];
    int64_t wanted_ms[TIMER_COUNT] = {0};
    open_loop();
    for (size_t i = 0; i < TIMER_COUNT; i++) {
        timers[i] = (struct named_timer){.timer = {.due = timer_due}, .name = 'x'};
    }
    for (size_t step = 0; step < 4000; step++) {
        const size_t i = runner_random_u64() % TIMER_COUNT;
        if (runner_random_u64() % 4 == 0) {
            loop_timer_cancel(&loop, &timers[i].timer);
            wanted_ms[i] = 0;
        } else {
            wanted_ms[i] = now_ms + 1 + (int64_t)(runner_random_u64() % 50);
            loop_timer_set(&loop, &timers[i].timer, wanted_ms[i]);
        }
        now_ms += (int64_t)(runner_random_u64() % 3);
        memset(order, 0, sizeof order);
        loop_turn(&loop, 0);
        size_t due_count = 0;
        for (size_t k = 0; k < TIMER_COUNT; k++) {
            const bool is_due = wanted_ms[k] != 0 && wanted_ms[k] <= now_ms;
            due_count += is_due;
            if (is_due) wanted_ms[k] = 0;
            expect_true("set as long as wanted",
                        (timers[k].timer.place > 0) == (wanted_ms[k] != 0));
        }
        if (!expect_u64("due", strlen(order), due_count)) break;
    }
    loop_close(&loop);
}

struct watched {
    struct loop_watch watch;
    struct watched *other; /* removed when this one is ready */
    unsigned ready_count;
    uint32_t events;
};

static void watch_ready(struct loop_watch *watch, uint32_t events)
{
    struct watched *watched = (struct watched *)watch;
    watched->ready_count++;
    watched->events = events;
    if (watched->other) loop_watch_remove(&loop, &watched->other->watch);
    watched->other = NULL;
}

static void descriptors(void)
{
    int pair[2];
    open_loop();
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    struct watched watched = {.watch = {.descriptor = pair[0], .ready = watch_ready}};
    expect_ok("add", loop_watch_add(&loop, &watched.watch, EPOLLIN));
    expect_kind("twice", loop_watch_add(&loop, &watched.watch, EPOLLIN), FAILURE_UNAVAILABLE);
    loop_turn(&loop, 0);
    expect_u64("nothing yet", watched.ready_count, 0);
    expect_true("write", write(pair[1], "x", 1) == 1);
    loop_turn(&loop, 0);
    loop_turn(&loop, 0);
    expect_u64("as long as it is there", watched.ready_count, 2);
    loop_watch_change(&loop, &watched.watch, EPOLLOUT);
    loop_turn(&loop, 0);
    expect_u64("room", watched.events, EPOLLOUT);
    loop_watch_remove(&loop, &watched.watch);
    loop_turn(&loop, 0);
    expect_u64("no more", watched.ready_count, 3);
    close(pair[0]);
    close(pair[1]);
    loop_close(&loop);
}

/* Both are ready in one turn; the first removes the second, which must not run any more. */
static void removed_within_the_turn(void)
{
    int pair[2];
    open_loop();
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    struct watched both[2] = {{.watch = {.descriptor = pair[0], .ready = watch_ready}},
                              {.watch = {.descriptor = pair[1], .ready = watch_ready}}};
    both[0].other = &both[1];
    both[1].other = &both[0];
    for (size_t i = 0; i < 2; i++) {
        expect_ok("add", loop_watch_add(&loop, &both[i].watch, EPOLLOUT));
    }
    loop_turn(&loop, 0);
    expect_u64("one of them", both[0].ready_count + both[1].ready_count, 1);
    close(pair[0]);
    close(pair[1]);
    loop_close(&loop);
}

struct named_hook {
    struct loop_hook hook;
    char name;
    unsigned again_count;
};

static void hook_run(struct loop_hook *hook)
{
    struct named_hook *named = (struct named_hook *)hook;
    note(named->name);
    if (named->again_count > 0) {
        named->again_count--;
        loop_at_turn_end(&loop, hook);
    }
}

static void hooks(void)
{
    struct named_hook a = {{.run = hook_run}, 'a', 0}, b = {{.run = hook_run}, 'b', 2},
                      c = {{.run = hook_run}, 'c', 0};
    open_loop();
    loop_at_turn_end(&loop, &a.hook);
    loop_at_turn_end(&loop, &b.hook);
    loop_at_turn_end(&loop, &c.hook);
    loop_at_turn_end(&loop, &a.hook);
    loop_hook_cancel(&loop, &c.hook);
    loop_hook_cancel(&loop, &c.hook);
    expect_text("not before", slice_text(order), "");
    loop_turn(&loop, 0);
    expect_text("once each, and again in the same turn", slice_text(order), "abbb");
    loop_turn(&loop, 0);
    expect_text("no more", slice_text(order), "abbb");
    loop_close(&loop);
}

enum { POST_COUNT = 1000 };

struct counted_task {
    struct loop_task task;
    unsigned number;
};

static unsigned run_count;

static void task_run(struct loop_task *task)
{
    struct counted_task *counted = (struct counted_task *)task;
    expect_u64("in order", counted->number, run_count);
    if (++run_count == POST_COUNT) loop_stop(&loop);
}

static void *post_all(void *context)
{
    struct counted_task *tasks = context;
    for (unsigned i = 0; i < POST_COUNT; i++) {
        tasks[i] = (struct counted_task){{.run = task_run}, i};
        loop_post(&loop, &tasks[i].task);
    }
    return NULL;
}

static void tasks_of_other_threads(void)
{
    static struct counted_task tasks[POST_COUNT];
    pthread_t poster;
    run_count = 0;
    expect_ok("open", loop_open(&loop, clock_system(), 1));
    expect_true("thread", pthread_create(&poster, NULL, post_all, tasks) == 0);
    loop_run(&loop);
    pthread_join(poster, NULL);
    expect_u64("all ran", run_count, POST_COUNT);
    loop_close(&loop);
    loop_close(&loop);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"timers in order", timers_in_order},
        {"timers by chance", timers_by_chance},
        {"descriptors", descriptors},
        {"removed within the turn", removed_within_the_turn},
        {"hooks", hooks},
        {"tasks of other threads", tasks_of_other_threads},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
