/*
 * unix: Unix stream sockets.
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include <stdint.h>

#include "base/status.h"
#include "net/stream.h"

/* Connects to a path. UNAVAILABLE (detail: errno). */
MUST_CHECK status unix_dial(const char *path, int64_t deadline_ms, struct stream *stream);

/* Begins to connect, without waiting (endpoint_dial_start). */
MUST_CHECK status unix_dial_start(const char *path, int *descriptor);

/*
 * Listens at a path with this mode. A socket left behind by a process that ended is replaced;
 * CONFLICT while somebody answers there, or when something else lies there.
 */
MUST_CHECK status unix_listen(const char *path, unsigned mode, int *descriptor);

#endif
