/*
 * relay: copies between two streams, both ways, until both have ended.
 *
 * An end of one direction is passed on as such, and the other goes on. Memory is two buffers,
 * whatever the peers do: what cannot be written is not read. Nothing looks at the bytes.
 */
#ifndef NET_RELAY_H
#define NET_RELAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "net/stream.h"

enum { RELAY_BUFFER_SIZE = 16 << 10 }; /* one TLS record; twice per connection */

struct relay_counts {
    uint64_t forward_size;  /* bytes from the first to the second */
    uint64_t backward_size; /* bytes from the second to the first */
};

struct relay_limits {
    int64_t idle_ms_max; /* without a byte in either direction */
    int stop_descriptor; /* readable: stop at once; -1 for none */
};

/*
 * Runs to the end. Success when both directions have ended; UNAVAILABLE when a peer vanished
 * (ECONNRESET), nothing moved for too long (ETIMEDOUT) or it was told to stop (ECANCELED). The
 * counts are filled in either case, and both streams stay the caller's to close.
 */
MUST_CHECK status relay_run(struct stream *first, struct stream *second,
                            const struct relay_limits *limits, struct relay_counts *counts);

#endif
