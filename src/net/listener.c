#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/builder.h"
#include "net/socket.h"
#include "net/unix.h"
#include "net/vsock.h"

/* The guest's connections to a port arrive at the Unix socket PATH_PORT. */
static status hybrid_path(const endpoint *at, endpoint *bound)
{
    struct builder path;
    *bound = (endpoint){.kind = ENDPOINT_UNIX};
    builder_init(&path, bound->path, sizeof bound->path - 1);
    builder_put_text(&path, at->path);
    builder_put_text(&path, "_");
    builder_put_decimal(&path, at->port);
    REQUIRE(!path.is_over, BAD_INPUT, "listener: path is too long");
    return status_ok();
}

static status unix_open(const endpoint *at, unsigned mode, struct listener *listener)
{
    struct stat about;
    TRY(unix_listen(at->path, mode, &listener->descriptor));
    if (stat(at->path, &about) != 0) {
        const int reason = errno;
        close(listener->descriptor);
        FAIL(UNAVAILABLE, reason, "listener: path cannot be looked at");
    }
    listener->bound = *at;
    listener->device = about.st_dev;
    listener->inode = about.st_ino;
    return status_ok();
}

union tcp_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

static status tcp_address_init(const endpoint *at, union tcp_address *address, socklen_t *size)
{
    const bool is_local = strcmp(at->host, "localhost") == 0;
    *address = (union tcp_address){0};
    if (inet_pton(AF_INET, is_local ? "127.0.0.1" : at->host, &address->ipv4.sin_addr) == 1) {
        address->ipv4.sin_family = AF_INET;
        address->ipv4.sin_port = htons((uint16_t)at->port);
        *size = sizeof address->ipv4;
    } else if (inet_pton(AF_INET6, at->host, &address->ipv6.sin6_addr) == 1) {
        address->ipv6.sin6_family = AF_INET6;
        address->ipv6.sin6_port = htons((uint16_t)at->port);
        *size = sizeof address->ipv6;
    } else {
        FAIL(BAD_INPUT, 0, "listener: TCP needs a numeric address to listen at");
    }
    return status_ok();
}

static status tcp_open(const endpoint *at, bool is_shared, struct listener *listener)
{
    SCOPED(socket_close) int descriptor = -1;
    const int on = 1;
    union tcp_address address;
    socklen_t size;
    TRY(tcp_address_init(at, &address, &size));
    TRY(socket_open(address.any.sa_family, &descriptor));
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (address.any.sa_family == AF_INET6 &&
         setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        (is_shared && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)) {
        FAIL(UNAVAILABLE, errno, "listener: socket options cannot be set");
    }
    TRY(socket_listen(descriptor, (struct socket_address){&address.any, size}));
    size = sizeof address;
    if (getsockname(descriptor, &address.any, &size) != 0) {
        FAIL(UNAVAILABLE, errno, "listener: its own address is unknown");
    }
    listener->bound = *at;
    listener->bound.port =
        ntohs(address.any.sa_family == AF_INET6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
    listener->descriptor = descriptor;
    descriptor = -1;
    return status_ok();
}

status listener_open_mode(const endpoint *target, unsigned mode, struct listener *listener)
{
    struct listener opened = {.is_open = true};
    endpoint at;
    switch (target->kind) {
    case ENDPOINT_UNIX: TRY(unix_open(target, mode, &opened)); break;
    case ENDPOINT_HYBRID:
        TRY(hybrid_path(target, &at));
        TRY(unix_open(&at, mode, &opened));
        break;
    case ENDPOINT_VSOCK:
        TRY(vsock_listen(target, &opened.descriptor));
        opened.bound = *target;
        break;
    case ENDPOINT_TCP: TRY(tcp_open(target, false, &opened)); break;
    }
    *listener = opened;
    return status_ok();
}

status listener_open(const endpoint *target, struct listener *listener)
{
    return listener_open_mode(target, LISTENER_UNIX_MODE, listener);
}

status listener_open_beside(const struct listener *first, struct listener *listener)
{
    const int on = 1;
    struct listener opened = {.is_open = true};
    REQUIRE(first->bound.kind == ENDPOINT_TCP, DENIED, "listener: only TCP is listened for twice");
    /*
     * Not before it was bound: then it would have been bound beside another program of our user,
     * too, and nobody would have been told that there are two.
     */
    if (setsockopt(first->descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
        FAIL(UNAVAILABLE, errno, "listener: socket options cannot be set");
    }
    TRY(tcp_open(&first->bound, true, &opened));
    *listener = opened;
    return status_ok();
}

static status accepted_open(const struct listener *listener, int descriptor, struct stream *stream)
{
    const int on = 1;
    /* A connection that has ended already refuses the option; reading will tell. */
    if (listener->bound.kind == ENDPOINT_TCP) {
        (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    const status result = stream_open(descriptor, stream);
    if (!status_is_ok(result)) close(descriptor);
    return result;
}

/* Failures of one connection that had ended before it was taken: the next one may be fine. */
static bool is_about_one(int reason)
{
    return reason == EINTR || reason == ECONNABORTED || reason == EPROTO || reason == ECONNRESET ||
           reason == ENETDOWN || reason == EHOSTDOWN || reason == EHOSTUNREACH ||
           reason == ENETUNREACH || reason == ENOPROTOOPT;
}

status listener_take(const struct listener *listener, struct sockaddr_storage *peer,
                     int *descriptor)
{
    const int on = 1;
    for (;;) {
        socklen_t size = sizeof *peer;
        peer->ss_family = AF_UNSPEC;
        union {
            struct sockaddr_storage *storage;
            struct sockaddr *any;
        } address = {peer};
        const int taken =
            accept4(listener->descriptor, address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int reason = errno;
        if (taken >= 0) {
            if (listener->bound.kind == ENDPOINT_TCP) {
                (void)setsockopt(taken, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            }
            *descriptor = taken;
            return status_ok();
        }
        if (reason == EAGAIN || reason == EWOULDBLOCK) {
            FAIL(UNAVAILABLE, ETIMEDOUT, "listener: no connection is waiting");
        }
        if (!is_about_one(reason)) {
            FAIL(UNAVAILABLE, reason, "listener: connection cannot be accepted");
        }
    }
}

status listener_accept(struct listener *listener, int64_t deadline_ms, struct stream *stream)
{
    for (;;) {
        const int descriptor =
            accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) return accepted_open(listener, descriptor, stream);
        const int reason = errno;
        if (reason == EAGAIN || reason == EWOULDBLOCK) {
            TRY(socket_wait(listener->descriptor, POLLIN, deadline_ms));
        } else if (!is_about_one(reason)) {
            FAIL(UNAVAILABLE, reason, "listener: connection cannot be accepted");
        }
    }
}

void listener_close(struct listener *listener)
{
    struct stat about;
    if (!listener->is_open) return;
    /* The path goes first: while we still answer, nobody takes it over, nor our inode's number. */
    if (listener->bound.kind == ENDPOINT_UNIX && stat(listener->bound.path, &about) == 0 &&
        about.st_dev == listener->device && about.st_ino == listener->inode) {
        unlink(listener->bound.path);
    }
    close(listener->descriptor);
    *listener = (struct listener){0};
}
