#include "os/locked.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/harden.h"
#include "runner.h"

static void taken_and_limited(void)
{
    SCOPED(locked_close) struct locked locked = {0};
    void *first, *second, *third = NULL;
    expect_ok("open", locked_open(&locked, 100));
    expect_u64("whole pages", locked.size_max % (size_t)sysconf(_SC_PAGESIZE), 0);
    expect_ok("take", locked_take(&locked, 33, &first));
    expect_ok("take", locked_take(&locked, 32, &second));
    expect_u64("aligned", (uintptr_t)second % 16, 0);
    expect_true("apart", (uint8_t *)second >= (uint8_t *)first + 33);
    for (size_t i = 0; i < 33; i++) expect_u64("zeroed", ((uint8_t *)first)[i], 0);
    const size_t left = locked.size_max - locked.used_size;
    expect_refused("one too many", locked_take(&locked, left + 1, &third),
                   "locked: the pool is used up");
    expect_true("untouched", third == NULL);
    expect_ok("all the rest", locked_take(&locked, left, &third));
    expect_refused("empty", locked_take(&locked, 1, &third), "locked: the pool is used up");
}

static void sizes(void)
{
    struct locked locked = {0};
    expect_refused("none", locked_open(&locked, 0), "locked: size is out of range");
    expect_refused("all", locked_open(&locked, SIZE_MAX), "locked: size is out of range");
    locked_close(&locked);
    expect_true("closed", locked.mapping == NULL);
}

/* What /proc says of the mapping that starts at `address`. */
static bool has_flag(const void *address, const char *flag)
{
    char line[512], start[32];
    bool is_inside = false, is_found = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    if (!maps) return true;
    snprintf(start, sizeof start, "%lx-", (unsigned long)(uintptr_t)address);
    while (fgets(line, sizeof line, maps)) {
        if (strncmp(line, start, strlen(start)) == 0) is_inside = true;
        else if (is_inside && strncmp(line, "VmFlags:", 8) == 0) {
            is_found = strstr(line, flag) != NULL;
            break;
        }
    }
    fclose(maps);
    return is_found;
}

static void kept_from_swap_and_dumps(void)
{
    SCOPED(locked_close) struct locked locked = {0};
    expect_ok("open", locked_open(&locked, 4096));
    /* Sanitizers' runtimes turn mlock(2) into nothing. */
    if (harden_has_filter()) expect_true("locked", has_flag(locked.memory, " lo"));
    expect_true("not dumped", has_flag(locked.memory, " dd"));
    expect_true("wiped in children", has_flag(locked.memory, " wf"));
}

/* Runs `step` in a child; returns the signal that ended it, or 0. */
static int signal_of(void (*step)(struct locked *), struct locked *locked)
{
    int outcome = 0;
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        step(locked);
        _exit(0);
    }
    waitpid(child, &outcome, 0);
    return WIFSIGNALED(outcome) ? WTERMSIG(outcome) : WEXITSTATUS(outcome) ? -1 : 0;
}

static void read_before(struct locked *locked)
{
    (void)*(volatile uint8_t *)(locked->memory - 1);
}

static void read_after(struct locked *locked)
{
    (void)*(volatile uint8_t *)(locked->memory + locked->size_max);
}

static void read_last(struct locked *locked)
{
    (void)*(volatile uint8_t *)(locked->memory + locked->size_max - 1);
}

static void expect_wiped(struct locked *locked)
{
    if (locked->memory[0] != 0) _exit(1);
}

static void expect_lock_refused(struct locked *locked)
{
    /* A user without rights and without an allowance for locked memory. */
    const struct rlimit none = {0, 0};
    (void)locked;
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) _exit(1);
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(1);
    struct locked refused = {0};
    const status result = locked_open(&refused, 4096);
    if (!status_is(result, FAILURE_UNAVAILABLE) || refused.mapping) _exit(1);
}

static void guards(void)
{
    SCOPED(locked_close) struct locked locked = {0};
    expect_ok("open", locked_open(&locked, 1));
    locked.memory[0] = 0x55;
    expect_u64("before the start", (uint64_t)signal_of(read_before, &locked), SIGSEGV);
    expect_u64("after the end", (uint64_t)signal_of(read_after, &locked), SIGSEGV);
    expect_u64("the last byte", (uint64_t)signal_of(read_last, &locked), 0);
    expect_u64("a child sees nothing", (uint64_t)signal_of(expect_wiped, &locked), 0);
    if (harden_has_filter()) {
        expect_u64("no lock, no pool", (uint64_t)signal_of(expect_lock_refused, &locked), 0);
    }
    expect_u64("we still do", locked.memory[0], 0x55);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"taken and limited", taken_and_limited},
        {"sizes", sizes},
        {"kept from swap and dumps", kept_from_swap_and_dumps},
        {"guards", guards},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
