/*
 * hybrid: AF_VSOCK of a virtual machine, reached through a Unix socket of its monitor.
 *
 * To the guest: connect to the socket, send "CONNECT <port>\n", read "OK <number>\n". The guest may
 * speak at once after that, so the line is read byte by byte. From the guest: the monitor connects
 * to the Unix socket PATH_PORT, without any line.
 *
 * Specification: Firecracker docs/vsock.md; vhost-device-vsock README.
 */
#ifndef NET_HYBRID_H
#define NET_HYBRID_H

#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/endpoint.h"
#include "net/stream.h"

enum { HYBRID_LINE_SIZE_MAX = 32 }; /* of the answer, with its line feed */

/* Connects. UNAVAILABLE (ECONNRESET) when nobody listens in the guest. */
MUST_CHECK status hybrid_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream);

/* Appends what is sent first: "CONNECT <port>\n". */
void hybrid_put_greeting(struct builder *line, uint32_t port);

/* Checks an answer without its line feed: "OK" and a number. BAD_INPUT. */
MUST_CHECK status hybrid_check_line(slice line);

#endif
