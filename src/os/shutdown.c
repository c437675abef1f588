#include "os/shutdown.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "os/clock.h"

static sigset_t stop_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

status shutdown_open(struct shutdown *shutdown)
{
    const sigset_t set = stop_signals();
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    if (sigaction(SIGPIPE, &ignore, NULL) != 0) {
        FAIL(INTERNAL, errno, "shutdown: SIGPIPE cannot be ignored");
    }
    const int reason = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (reason != 0) FAIL(INTERNAL, reason, "shutdown: signals cannot be blocked");
    const int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) FAIL(UNAVAILABLE, errno, "shutdown: signals cannot be read");
    *shutdown = (struct shutdown){descriptor, true};
    return status_ok();
}

bool shutdown_is_asked(const struct shutdown *shutdown)
{
    return shutdown_wait(shutdown, 0);
}

bool shutdown_wait(const struct shutdown *shutdown, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd asked = {.fd = shutdown->descriptor, .events = POLLIN};
        const int left_ms = clock_left_ms(deadline_ms, 60000);
        if (poll(&asked, 1, left_ms) == 1) return true;
        if (left_ms == 0) return false;
    }
}

void shutdown_restore_signals(void)
{
    const sigset_t set = stop_signals();
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigemptyset(&usual.sa_mask);
    sigaction(SIGPIPE, &usual, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void shutdown_close(struct shutdown *shutdown)
{
    if (shutdown->is_open) close(shutdown->descriptor);
    *shutdown = (struct shutdown){0};
}
