#include "os/shutdown.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"

static void asked_by(int number)
{
    struct shutdown shutdown = {0};
    expect_ok("open", shutdown_open(&shutdown));
    expect_true("not yet", !shutdown_is_asked(&shutdown));
    const int64_t before_ms = clock_monotonic_ms();
    expect_true("nor in time", !shutdown_wait(&shutdown, before_ms + 30));
    expect_true("but it waited", clock_monotonic_ms() >= before_ms + 30);
    kill(getpid(), number);
    expect_true("asked", shutdown_wait(&shutdown, clock_deadline_ms(5000)));
    expect_true("stays so", shutdown_is_asked(&shutdown));
    shutdown_close(&shutdown);
    /* Take it, or it would end us once it is not blocked any more. */
    sigset_t pending;
    int taken;
    sigemptyset(&pending);
    sigaddset(&pending, number);
    sigwait(&pending, &taken);
    expect_u64("signal", (uint64_t)taken, (uint64_t)number);
}

static void asked(void)
{
    asked_by(SIGTERM);
    asked_by(SIGINT);
}

static void broken_pipe_is_an_error(void)
{
    struct shutdown shutdown = {0};
    int pair[2];
    expect_ok("open", shutdown_open(&shutdown));
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    close(pair[1]);
    expect_true("write fails and we live", write(pair[0], "x", 1) == -1);
    close(pair[0]);
    shutdown_close(&shutdown);
    shutdown_close(&shutdown);
}

static void restored_for_children(void)
{
    struct shutdown shutdown = {0};
    int outcome = 0;
    expect_ok("open", shutdown_open(&shutdown));
    const pid_t child = fork();
    if (child == 0) {
        shutdown_restore_signals();
        raise(SIGTERM);
        _exit(0);
    }
    waitpid(child, &outcome, 0);
    expect_true("ended by it", WIFSIGNALED(outcome) && WTERMSIG(outcome) == SIGTERM);
    shutdown_close(&shutdown);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"asked", asked},
        {"broken pipe is an error", broken_pipe_is_an_error},
        {"restored for children", restored_for_children},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
