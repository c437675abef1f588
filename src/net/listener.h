/*
 * listener: a socket that waits for connections at an endpoint.
 *
 * The backlog is large, since a full one looks like a refusal over vsock. A Unix socket's path is
 * taken over when nobody answers behind it, refused while somebody does, made with the given mode
 * and removed on closing. TCP takes numeric addresses and "localhost" only: listening never looks
 * a name up.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/status.h"
#include "net/endpoint.h"
#include "net/stream.h"

enum {
    LISTENER_BACKLOG = 1024,          /* connections the kernel may hold for us */
    LISTENER_UNIX_MODE = 0600,        /* only our own user may connect */
    LISTENER_UNIX_MODE_SHARED = 0660, /* our group too */
};

/* `{0}` is closed. */
struct listener {
    int descriptor;         /* non-blocking, for poll(2) and epoll */
    endpoint bound;         /* where it listens, with the port that port 0 became */
    uint64_t device, inode; /* of a Unix socket's path, to know it as ours */
    bool is_open;
};

/*
 * Listens. CONFLICT when somebody else does there; DENIED without the right to; UNAVAILABLE
 * otherwise (detail: errno). A hybrid endpoint listens for the guest's connections: on the Unix
 * socket PATH_PORT.
 */
MUST_CHECK status listener_open(const endpoint *target, struct listener *listener);

/* The same, with the mode of a Unix socket's path. */
MUST_CHECK status listener_open_mode(const endpoint *target, unsigned mode,
                                     struct listener *listener);

/*
 * Takes the next connection; TCP ones get TCP_NODELAY. UNAVAILABLE with ETIMEDOUT when none came
 * (deadline 0: none is waiting), with EMFILE, ENFILE, ENOBUFS or ENOMEM when the machine has no
 * room: then wait a little before the next call. Connections that ended while waiting are skipped.
 */
MUST_CHECK status listener_accept(struct listener *listener, int64_t deadline_ms,
                                  struct stream *stream);

/*
 * Opens one more socket where a TCP one listens already: the kernel deals connections out between
 * them (SO_REUSEPORT), also to sockets that another process of our user would open in this way.
 * DENIED for other kinds.
 */
MUST_CHECK status listener_open_beside(const struct listener *first, struct listener *listener);

/*
 * Takes the next connection without waiting: its descriptor, non-blocking, and the peer's address
 * (AF_UNSPEC when it has none). Failures as of listener_accept.
 */
MUST_CHECK status listener_take(const struct listener *listener, struct sockaddr_storage *peer,
                                int *descriptor);

/* Closes, and removes a Unix socket's path if it is still ours. */
void listener_close(struct listener *listener);

#endif
