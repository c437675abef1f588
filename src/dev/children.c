#include "dev/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/shutdown.h"

enum { CANNOT_RUN = 127, POLL_US = 10000, DELAY_MS_FIRST = 100 };

static status join_path(char *path, const char *folder, const char *name, const char *ending)
{
    const int size = snprintf(path, CHILDREN_PATH_SIZE_MAX, "%s/%s%s", folder, name, ending);
    REQUIRE(size > 0 && size < CHILDREN_PATH_SIZE_MAX, OVER_LIMIT,
            "children: folder's path is too long");
    return status_ok();
}

status children_add(struct children *children, const char *folder, const char *name,
                    const char *program, struct child **child)
{
    REQUIRE(children->count < CHILDREN_COUNT_MAX, OVER_LIMIT, "children: there are too many");
    struct child *added = &children->list[children->count];
    *added = (struct child){.name = name, .program = program};
    TRY(join_path(added->log_path, folder, name, ".log"));
    TRY(join_path(added->pid_path, folder, name, ".pid"));
    added->arguments[added->argument_count++] = name;
    children->count++;
    *child = added;
    return status_ok();
}

status child_add_argument(struct child *child, const char *argument)
{
    REQUIRE(child->argument_count <= CHILDREN_ARGUMENT_COUNT_MAX, OVER_LIMIT,
            "children: a child has too many arguments");
    child->arguments[child->argument_count++] = argument;
    return status_ok();
}

/* In the new process: never returns. Only async-signal-safe calls. */
static void become(const struct child *child, pid_t parent, int log)
{
    char *arguments[CHILDREN_ARGUMENT_COUNT_MAX + 2];
    shutdown_restore_signals();
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0) {
        _exit(CANNOT_RUN);
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* The stand may have died before the line above: then nobody is left to stop this process. */
    if (getppid() != parent) _exit(CANNOT_RUN);
    memcpy(arguments, child->arguments, sizeof arguments);
    execv(child->program, arguments);
    _exit(CANNOT_RUN);
}

static status write_pid(const struct child *child)
{
    char text[16];
    const int size = snprintf(text, sizeof text, "%d\n", (int)child->pid);
    return file_write(child->pid_path, slice_of(text, (size_t)size), FILE_MODE_PUBLIC);
}

status child_start(struct child *child)
{
    const int log =
        open(child->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE_PRIVATE);
    if (log < 0) FAIL(UNAVAILABLE, errno, "children: log file cannot be opened");
    const pid_t parent = getpid();
    const pid_t pid = fork();
    const int fork_errno = errno;
    if (pid == 0) become(child, parent, log);
    close(log);
    if (pid < 0) FAIL(UNAVAILABLE, fork_errno, "children: no process can be made");
    child->pid = pid;
    child->started_at_ms = clock_monotonic_ms();
    child->start_again_at_ms = 0;
    return write_pid(child);
}

/* A growing delay: none after a first end, so that a killed enclave is back at once. */
static int64_t restart_delay_ms(unsigned ends_in_a_row)
{
    if (ends_in_a_row <= 1) return 0;
    const unsigned doublings = ends_in_a_row - 2 < 6 ? ends_in_a_row - 2 : 6;
    const int64_t delay_ms = (int64_t)DELAY_MS_FIRST << doublings;
    return delay_ms < CHILDREN_DELAY_MS_MAX ? delay_ms : CHILDREN_DELAY_MS_MAX;
}

bool children_take_end(struct children *children, struct children_end *end)
{
    for (size_t i = 0; i < children->count; i++) {
        struct child *child = &children->list[i];
        int how = 0;
        if (child->pid == 0 || waitpid(child->pid, &how, WNOHANG) != child->pid) continue;
        const int64_t now_ms = clock_monotonic_ms();
        const bool was_settled = now_ms - child->started_at_ms >= CHILDREN_SETTLED_MS;
        child->ends_in_a_row = was_settled ? 1 : child->ends_in_a_row + 1;
        child->start_again_at_ms = now_ms + restart_delay_ms(child->ends_in_a_row);
        child->pid = 0;
        *end = (struct children_end){child, WIFEXITED(how) ? WEXITSTATUS(how) : -1,
                                     WIFSIGNALED(how) ? WTERMSIG(how) : 0};
        return true;
    }
    return false;
}

const struct child *children_restart(struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        struct child *child = &children->list[i];
        const bool is_due = child->pid == 0 && child->start_again_at_ms != 0 &&
                            clock_monotonic_ms() >= child->start_again_at_ms;
        if (!is_due) continue;
        if (status_is_ok(child_start(child))) return child;
        child->start_again_at_ms = clock_deadline_ms(CHILDREN_DELAY_MS_MAX);
    }
    return NULL;
}

static void stop_one(struct child *child)
{
    child->start_again_at_ms = 0;
    if (child->pid == 0) return;
    const int64_t deadline_ms = clock_deadline_ms(CHILDREN_STOP_MS_MAX);
    kill(child->pid, SIGTERM);
    while (waitpid(child->pid, NULL, WNOHANG) == 0) {
        if (clock_monotonic_ms() >= deadline_ms) {
            kill(child->pid, SIGKILL);
            waitpid(child->pid, NULL, 0);
            break;
        }
        usleep(POLL_US);
    }
    child->pid = 0;
    unlink(child->pid_path);
}

void children_stop(struct children *children)
{
    for (size_t i = children->count; i > 0; i--) stop_one(&children->list[i - 1]);
}
