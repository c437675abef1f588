#include "net/socket.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "net/listener.h"
#include "os/clock.h"

/* The longest single poll: long deadlines are waited for in pieces, since poll takes an int. */
enum { POLL_MS_MAX = 60000, RETRY_MS = 5 };

status socket_open(int family, int *descriptor)
{
    const int opened = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (opened < 0) FAIL(UNAVAILABLE, errno, "socket: cannot be made");
    *descriptor = opened;
    return status_ok();
}

void socket_close(int *descriptor)
{
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
}

status socket_wait(int descriptor, short events, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd target = {.fd = descriptor, .events = events};
        const int left_ms = clock_left_ms(deadline_ms, POLL_MS_MAX);
        const int count = poll(&target, 1, left_ms);
        if (count > 0) return status_ok();
        if (count < 0 && errno != EINTR) FAIL(UNAVAILABLE, errno, "socket: cannot wait");
        if (left_ms == 0) FAIL(UNAVAILABLE, ETIMEDOUT, "socket: deadline has passed");
    }
}

status socket_failure(int reason)
{
    if (reason == EPIPE || reason == ECONNRESET || reason == ENOTCONN || reason == ECONNABORTED) {
        FAIL(UNAVAILABLE, ECONNRESET, "socket: peer has vanished");
    }
    FAIL(UNAVAILABLE, reason, "socket: connection has failed");
}

static bool is_not_ready(int reason)
{
    return reason == EAGAIN || reason == EWOULDBLOCK;
}

status socket_read(int descriptor, uint8_t *bytes, size_t size_max, int64_t deadline_ms,
                   size_t *size)
{
    for (;;) {
        const ssize_t got = recv(descriptor, bytes, size_max, 0);
        if (got >= 0) {
            *size = (size_t)got;
            return status_ok();
        }
        const int reason = errno;
        if (is_not_ready(reason)) TRY(socket_wait(descriptor, POLLIN, deadline_ms));
        else if (reason != EINTR) return socket_failure(reason);
    }
}

status socket_write(int descriptor, slice bytes, int64_t deadline_ms, size_t *size)
{
    for (;;) {
        const ssize_t done = send(descriptor, bytes.bytes, bytes.size, MSG_NOSIGNAL);
        if (done >= 0) {
            *size = (size_t)done;
            return status_ok();
        }
        const int reason = errno;
        if (is_not_ready(reason)) TRY(socket_wait(descriptor, POLLOUT, deadline_ms));
        else if (reason != EINTR) return socket_failure(reason);
    }
}

static status connect_failure(int reason)
{
    if (reason == ECONNREFUSED || reason == ENOENT || reason == ECONNRESET) {
        FAIL(UNAVAILABLE, reason, "socket: nobody listens there");
    }
    if (reason == ETIMEDOUT) FAIL(UNAVAILABLE, reason, "socket: deadline has passed");
    FAIL(UNAVAILABLE, reason, "socket: cannot be connected");
}

status socket_connect_check(int descriptor)
{
    int reason = 0;
    socklen_t size = sizeof reason;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &size) != 0) reason = errno;
    return reason == 0 ? status_ok() : connect_failure(reason);
}

status socket_connect_start(int descriptor, struct socket_address to)
{
    if (connect(descriptor, to.address, to.size) == 0) return status_ok();
    const int reason = errno;
    /* A Unix socket whose queue is full fails: its caller asks again after its own pause. */
    return reason == EINPROGRESS || reason == EINTR ? status_ok() : connect_failure(reason);
}

/* Waits for the outcome of a connection under way. */
static status connect_finish(int descriptor, int64_t deadline_ms)
{
    TRY(socket_wait(descriptor, POLLOUT, deadline_ms));
    return socket_connect_check(descriptor);
}

status socket_connect(int descriptor, struct socket_address to, int64_t deadline_ms)
{
    while (connect(descriptor, to.address, to.size) != 0) {
        const int reason = errno;
        if (reason == EINPROGRESS || reason == EINTR) {
            return connect_finish(descriptor, deadline_ms);
        }
        /* A Unix socket whose queue is full cannot be waited for, only asked again. */
        if (!is_not_ready(reason)) return connect_failure(reason);
        const int left_ms = clock_left_ms(deadline_ms, RETRY_MS);
        if (left_ms == 0) FAIL(UNAVAILABLE, ETIMEDOUT, "socket: deadline has passed");
        poll(NULL, 0, left_ms);
    }
    return status_ok();
}

status socket_listen(int descriptor, struct socket_address at)
{
    if (bind(descriptor, at.address, at.size) != 0) {
        const int reason = errno;
        if (reason == EADDRINUSE) FAIL(CONFLICT, reason, "socket: address is in use");
        if (reason == EACCES) FAIL(DENIED, reason, "socket: may not listen there");
        FAIL(UNAVAILABLE, reason, "socket: cannot listen there");
    }
    if (listen(descriptor, LISTENER_BACKLOG) != 0) {
        const int reason = errno;
        if (reason == EADDRINUSE) FAIL(CONFLICT, reason, "socket: address is in use");
        FAIL(UNAVAILABLE, reason, "socket: cannot listen");
    }
    return status_ok();
}
