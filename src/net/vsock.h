/*
 * vsock: AF_VSOCK sockets, between an enclave and its parent instance.
 *
 * They differ from TCP: a refused connection shows as ECONNRESET; without an answer the kernel
 * gives up after its own timeout (2 s unless told, so ours is set from the deadline); proxies in
 * between often turn a half-close into a full one, so protocols across vsock are framed and never
 * signal "end of request" by closing; there is no keep-alive, and a frozen peer shows as silence.
 *
 * Specification: vsock(7), linux/vm_sockets.h.
 */
#ifndef NET_VSOCK_H
#define NET_VSOCK_H

#include <stdint.h>

#include "base/status.h"
#include "net/endpoint.h"
#include "net/stream.h"

/* Connects to a vsock endpoint. UNAVAILABLE (detail: errno). */
MUST_CHECK status vsock_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream);

/* Begins to connect, without waiting (endpoint_dial_start); the kernel gives up at the deadline. */
MUST_CHECK status vsock_dial_start(const endpoint *target, int64_t deadline_ms, int *descriptor);

/* Makes a listening socket. UNAVAILABLE or CONFLICT (detail: errno). */
MUST_CHECK status vsock_listen(const endpoint *target, int *descriptor);

#endif
