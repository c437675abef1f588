/*
 * stream: the transport port. Bytes both ways over a unix, vsock or TCP socket, with or without
 * TLS; who uses one does not know which.
 *
 * A stream is a small struct held by value; it must not be copied once in use. Its descriptor is
 * non-blocking, and every call that may wait has an absolute deadline on clock_monotonic_ms. One
 * thread may read while another writes only on streams without TLS.
 *
 * Failures are UNAVAILABLE, with the errno as detail: ETIMEDOUT for a deadline that passed
 * (stream_is_late), ECONNRESET or EPIPE for a peer that vanished. A deadline already past still
 * delivers what can be had without waiting, so 0 means "do not wait".
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

struct stream;

/* One kind of stream. Callers use the functions below, which add what all kinds have in common. */
struct stream_operations {
    status (*read)(struct stream *stream, uint8_t *bytes, size_t size_max, int64_t deadline_ms,
                   size_t *size);
    status (*write)(struct stream *stream, slice bytes, int64_t deadline_ms, size_t *size);
    status (*shut_write)(struct stream *stream, int64_t deadline_ms);
    bool (*has_pending)(const struct stream *stream); /* bytes read but not yet delivered */
    bool (*is_idle)(struct stream *stream);           /* has nothing to say, and has not ended */
    void (*close)(struct stream *stream);
};

/* `{0}` is closed. */
struct stream {
    const struct stream_operations *operations;
    int descriptor; /* for poll(2); owned */
    void *context;  /* of the kind: TLS state */
};

/* Makes a stream of a connected socket, which it owns from now on and makes non-blocking. */
MUST_CHECK status stream_open(int descriptor, struct stream *stream);

/* True for a stream that can be used. */
bool stream_is_open(const struct stream *stream);

/*
 * Reads what there is, at least one byte; `size` 0 means that the peer has ended its direction.
 * `size_max` must not be 0.
 */
MUST_CHECK status stream_read(struct stream *stream, uint8_t *bytes, size_t size_max,
                              int64_t deadline_ms, size_t *size);

/* Reads exactly `size` bytes. UNAVAILABLE (ECONNRESET) when the peer ends before. */
MUST_CHECK status stream_read_all(struct stream *stream, uint8_t *bytes, size_t size,
                                  int64_t deadline_ms);

/* Writes what fits without waiting long: at least one byte. `bytes` must not be empty. */
MUST_CHECK status stream_write_some(struct stream *stream, slice bytes, int64_t deadline_ms,
                                    size_t *size);

/* Writes all bytes. After a failure some may have been sent. */
MUST_CHECK status stream_write(struct stream *stream, slice bytes, int64_t deadline_ms);

/* Ends our direction; the other keeps working (but see vsock.h on proxies in between). */
MUST_CHECK status stream_shut_write(struct stream *stream, int64_t deadline_ms);

/* True when bytes can be had without polling the descriptor, because TLS has them already. */
bool stream_has_pending(const struct stream *stream);

/*
 * True when an idle connection is still good: nothing to read, and no end. Never waits. What TLS
 * says between messages (new session tickets, new keys) is read and does not count.
 */
bool stream_is_idle(struct stream *stream);

/* Waits until there is something to read or an end. UNAVAILABLE (ETIMEDOUT) at the deadline. */
MUST_CHECK status stream_wait_readable(const struct stream *stream, int64_t deadline_ms);

/* Closes the connection at once, without waiting. */
void stream_close(struct stream *stream);

/* True when the failure is a deadline that passed. */
bool stream_is_late(status result);

#endif
