/*
 * enclave_connection: one connection to the enclave, and the calls on it.
 *
 * Calls are written in the order they were queued, many with one system call, straight from their
 * callers' memory. Nothing here waits or locks: enclave_link calls it with its mutex held.
 */
#ifndef PARENT_ENCLAVE_CONNECTION_H
#define PARENT_ENCLAVE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "net/stream.h"

enum {
    ENCLAVE_CONNECTION_BATCH_COUNT_MAX = 64, /* frames written with one system call */
};

enum enclave_call_state {
    ENCLAVE_CALL_IDLE,
    ENCLAVE_CALL_WAITING, /* for a connection */
    ENCLAVE_CALL_QUEUED,  /* on a connection, not wholly written */
    ENCLAVE_CALL_SENT,
};

/*
 * One call. The caller fills the first part; the call and what it points to stay untouched until
 * `done` was called, which happens exactly once, on a thread of the link, and must not block.
 */
struct enclave_call {
    uint8_t *frame; /* a whole frame; its req_id is filled in by the link */
    size_t frame_size;
    uint8_t *reply; /* where the answering frame goes */
    size_t reply_size_max;
    bool is_repeatable; /* sending it twice does no harm */
    int64_t deadline_ms;
    void (*done)(struct enclave_call *call);
    void *context; /* the caller's */

    status outcome;    /* success: a frame is in `reply` */
    size_t reply_size; /* of it */
    int64_t round_trip_us;

    /* The link's own. */
    enum enclave_call_state state;
    size_t slot_index, connection_index, sent_size;
    unsigned attempt_count;
    uint64_t req_id;
    int64_t started_us, sent_at_ms;
    struct enclave_call *next;
};

struct enclave_call_queue {
    struct enclave_call *first, *last;
};

struct enclave_connection {
    struct stream stream; /* closed while down */
    bool is_up, is_polled_for_write;
    struct enclave_call_queue queue; /* calls not wholly written, in order */
    size_t in_flight_count;          /* queued and sent */
    int64_t received_at_ms;
    uint8_t *inbox;
    size_t inbox_size;
    uint64_t tag; /* of its events: which connection, and which of those made one after another */
};

/* Queues of calls, each in at most one. */
void enclave_queue_append(struct enclave_call_queue *queue, struct enclave_call *call);
/* The first call, taken off; NULL when there is none. */
struct enclave_call *enclave_queue_take(struct enclave_call_queue *queue);
void enclave_queue_remove(struct enclave_call_queue *queue, struct enclave_call *call);

/*
 * Writes queued calls until none is left or the socket takes no more; then the descriptor is
 * watched for room in `epoll`, where it must be registered. False when the connection is broken.
 */
bool enclave_connection_flush(struct enclave_connection *connection, int epoll);

#endif
