/*
 * socket: what every kind of socket has in common. Used inside this room.
 *
 * Sockets are non-blocking and not inherited. Failures are UNAVAILABLE with the errno as detail.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"
#include "base/status.h"

/* Makes a stream socket of this family. */
MUST_CHECK status socket_open(int family, int *descriptor);

/* An address as the system takes it. */
struct socket_address {
    const struct sockaddr *address;
    socklen_t size;
};

/* Connects and waits for the answer. ETIMEDOUT at the deadline. */
MUST_CHECK status socket_connect(int descriptor, struct socket_address to, int64_t deadline_ms);

/* Begins to connect, without waiting: it is done, or will be when the socket is writable. */
MUST_CHECK status socket_connect_start(int descriptor, struct socket_address to);

/* The outcome, once the socket is writable. */
MUST_CHECK status socket_connect_check(int descriptor);

/* Binds and listens with the large backlog. CONFLICT when the address is in use; DENIED. */
MUST_CHECK status socket_listen(int descriptor, struct socket_address at);

/* Waits until poll(2) reports one of `events` or an error. "socket: deadline has passed". */
MUST_CHECK status socket_wait(int descriptor, short events, int64_t deadline_ms);

/* Reads what there is, or waits for it; `size` 0 is the end. */
MUST_CHECK status socket_read(int descriptor, uint8_t *bytes, size_t size_max, int64_t deadline_ms,
                              size_t *size);

/* Writes at least one byte. */
MUST_CHECK status socket_write(int descriptor, slice bytes, int64_t deadline_ms, size_t *size);

/* The failure for an errno that reading or writing gave. */
MUST_CHECK status socket_failure(int reason);

/* Closes unless negative; for SCOPED. */
void socket_close(int *descriptor);

#endif
