#include "dev/children.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"

enum { SOON_MS = 5000, TICK_US = 5000 };

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/enw-children.XXXXXX");
    expect_true("folder", mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
    static const char *const names[] = {"a.log", "a.pid", "b.log", "b.pid"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* A child that runs a shell command. */
static struct child *add_shell(struct children *children, const char *name, const char *command)
{
    struct child *child = NULL;
    expect_ok("add", children_add(children, folder, name, "/bin/sh", &child));
    expect_ok("argument", child_add_argument(child, "-c"));
    expect_ok("argument", child_add_argument(child, command));
    return child;
}

static bool wait_for_end(struct children *children, struct children_end *end)
{
    const int64_t deadline_ms = clock_deadline_ms(SOON_MS);
    while (!children_take_end(children, end)) {
        if (clock_monotonic_ms() >= deadline_ms) return expect_true("ends soon", false);
        usleep(TICK_US);
    }
    return true;
}

static const struct child *wait_for_restart(struct children *children)
{
    const int64_t deadline_ms = clock_deadline_ms(SOON_MS);
    const struct child *started = NULL;
    while (!started && clock_monotonic_ms() < deadline_ms) {
        started = children_restart(children);
        if (!started) usleep(TICK_US);
    }
    return started;
}

static bool is_running(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static void an_end_is_noticed_once_and_repaired(void)
{
    struct children children = {0};
    struct children_end end = {0};
    make_folder();
    struct child *child = add_shell(&children, "a", "exec sleep 60");
    struct child *other = add_shell(&children, "b", "exec sleep 60");
    expect_ok("start", child_start(child));
    expect_ok("start the other", child_start(other));
    expect_true("nobody ended", !children_take_end(&children, &end));
    expect_true("nobody is started", children_restart(&children) == NULL);
    const pid_t first = child->pid;
    kill(first, SIGKILL);
    if (wait_for_end(&children, &end)) {
        expect_true("this one", end.child == child);
        expect_u64("by the signal", (uint64_t)end.signal, SIGKILL);
        expect_true("without a code", end.exit_code == -1);
    }
    expect_true("once", !children_take_end(&children, &end));
    expect_true("is started again at once", children_restart(&children) == child);
    expect_true("as another process", child->pid != first && is_running(child->pid));
    expect_true("only that one", children_restart(&children) == NULL);
    children_stop(&children);
    remove_folder();
}

static void repeated_ends_are_repaired_later_and_later(void)
{
    struct children children = {0};
    struct children_end end = {0};
    make_folder();
    struct child *child = add_shell(&children, "a", "exit 3");
    expect_ok("start", child_start(child));
    int64_t delays_ms[4] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(delays_ms); i++) {
        if (!wait_for_end(&children, &end)) break;
        expect_u64("exit code", (uint64_t)end.exit_code, 3);
        expect_u64("no signal", (uint64_t)end.signal, 0);
        delays_ms[i] = child->start_again_at_ms - clock_monotonic_ms();
        expect_true("starts again", wait_for_restart(&children) == child);
    }
    expect_true("at once", delays_ms[0] <= 0);
    expect_true("after a moment", delays_ms[1] > 0 && delays_ms[1] <= 100);
    expect_true("after a longer one", delays_ms[2] > delays_ms[1]);
    expect_true("and a longer one", delays_ms[3] > delays_ms[2]);
    children_stop(&children);
    remove_folder();
}

static void output_and_process_id_are_in_files(void)
{
    struct children children = {0};
    struct children_end end = {0};
    char wanted[16];
    make_folder();
    struct child *child = add_shell(&children, "a", "echo out; echo err >&2; read x || echo end");
    expect_ok("start", child_start(child));
    snprintf(wanted, sizeof wanted, "%d\n", (int)child->pid);
    expect_text("process id", runner_file(child->pid_path), wanted);
    wait_for_end(&children, &end);
    expect_text("output", runner_file(child->log_path), "out\nerr\nend\n");
    children_stop(&children);
    remove_folder();
}

static void the_stubborn_are_killed(void)
{
    struct children children = {0};
    make_folder();
    struct child *mild = add_shell(&children, "a", "exec sleep 60");
    struct child *stubborn = add_shell(&children, "b", "trap '' TERM; while :; do sleep 0.1; done");
    expect_ok("start", child_start(mild));
    expect_ok("start the stubborn one", child_start(stubborn));
    const pid_t pids[] = {mild->pid, stubborn->pid};
    usleep(200000);
    children_stop(&children);
    for (size_t i = 0; i < ARRAY_COUNT(pids); i++) {
        expect_true("is gone", !is_running(pids[i]));
    }
    expect_true("its process id too", access(mild->pid_path, F_OK) != 0);
    remove_folder();
}

static void what_cannot_run_ends(void)
{
    struct children children = {0};
    struct children_end end = {0};
    struct child *child = NULL;
    make_folder();
    expect_ok("add", children_add(&children, folder, "a", "/nowhere/enw", &child));
    expect_ok("start", child_start(child));
    if (wait_for_end(&children, &end)) expect_u64("code", (uint64_t)end.exit_code, 127);
    children_stop(&children);
    remove_folder();
    struct child *lost = NULL;
    expect_ok("add", children_add(&children, "/nowhere", "b", "/bin/sh", &lost));
    expect_refused("no log", child_start(lost), "children: log file cannot be opened");
}

static void limits(void)
{
    struct children children = {0};
    struct child *child = NULL;
    static char long_folder[CHILDREN_PATH_SIZE_MAX + 1];
    memset(long_folder, 'x', sizeof long_folder - 1);
    expect_refused("long folder", children_add(&children, long_folder, "a", "/bin/sh", &child),
                   "children: folder's path is too long");
    for (size_t i = 0; i < CHILDREN_COUNT_MAX; i++) {
        expect_ok("add", children_add(&children, "/tmp", "a", "/bin/sh", &child));
    }
    for (size_t i = 0; i < CHILDREN_ARGUMENT_COUNT_MAX; i++) {
        expect_ok("argument", child_add_argument(child, "x"));
    }
    expect_refused("one argument more", child_add_argument(child, "x"),
                   "children: a child has too many arguments");
    expect_true("still ended by NULL", child->arguments[child->argument_count] == NULL);
    expect_refused("one child more", children_add(&children, "/tmp", "a", "/bin/sh", &child),
                   "children: there are too many");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"an end is noticed once and repaired", an_end_is_noticed_once_and_repaired},
        {"repeated ends are repaired later and later", repeated_ends_are_repaired_later_and_later},
        {"output and process id are in files", output_and_process_id_are_in_files},
        {"the stubborn are killed", the_stubborn_are_killed},
        {"what cannot run ends", what_cannot_run_ends},
        {"limits", limits},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
