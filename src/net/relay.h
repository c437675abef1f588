/*
 * relay: copies between two streams, both ways, until both have ended.
 *
 * An end of one direction is passed on as such, and the other goes on. Memory is two buffers,
 * whatever the peers do: what cannot be written is not read. Nothing looks at the bytes.
 */
#ifndef NET_RELAY_H
#define NET_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "net/stream.h"

enum { RELAY_BUFFER_SIZE = 16 << 10 }; /* one TLS record; twice per relay */

/* One direction: from one stream through a buffer to the other. Private but for `done_size`. */
struct relay_direction {
    struct stream *from, *to;
    size_t start, end;  /* what was read but not yet written */
    bool is_read_over;  /* the source has ended */
    bool is_over;       /* … and its end was passed on */
    uint64_t done_size; /* bytes written */
    uint8_t bytes[RELAY_BUFFER_SIZE];
};

/* Its memory is the caller's, since a thread per relay has a small stack. */
struct relay {
    int64_t idle_ms_max;             /* without a byte in either direction */
    int stop_descriptor;             /* readable: stop at once; -1 for none */
    struct relay_direction forward;  /* from the first to the second */
    struct relay_direction backward; /* from the second to the first */
};

/* Sets the two streams, which stay the caller's to close. */
void relay_init(struct relay *relay, struct stream *first, struct stream *second);

/*
 * Runs to the end. Success when both directions have ended; UNAVAILABLE when a peer vanished
 * (ECONNRESET), nothing moved for too long (ETIMEDOUT) or it was told to stop (ECANCELED).
 */
MUST_CHECK status relay_run(struct relay *relay);

#endif
