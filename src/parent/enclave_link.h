/*
 * enclave_link: calls to the enclave over a few pipelined connections.
 *
 * Any number of threads start calls; none of them waits. A call's frame is written at once by the
 * thread that starts it when the socket takes it, else by the link's own thread, which also reads
 * answers, matches them by req_id and reports each call through its `done`. A second thread dials.
 *
 * A connection that breaks (an end, an error, bytes that are no frames, an answer that is longer
 * than its call allows, or a deadline passed without a single byte in answer) is dialed again at once, then with growing pauses of at most
 * ENCLAVE_LINK_BACKOFF_MAX_MS. Calls that it carried and that may be repeated are sent once more on
 * another connection if their deadline allows; the others fail as UNAVAILABLE. A call of which not
 * a byte was sent waits for a connection, but no longer than ENCLAVE_LINK_GRACE_MS after the last
 * one broke: then calls fail at once until the enclave is back.
 *
 * Specification: docs/PROTOCOL.md.
 */
#ifndef PARENT_ENCLAVE_LINK_H
#define PARENT_ENCLAVE_LINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "net/endpoint.h"
#include "net/stream.h"
#include "parent/enclave_connection.h"
#include "proto/frame.h"

enum {
    ENCLAVE_LINK_CONNECTION_COUNT_MAX = 16, /* the enclave accepts 64 in all */
    ENCLAVE_LINK_CALL_COUNT_MAX = 1024,  /* under way at once; beyond, callers are told to wait */
    ENCLAVE_LINK_DIAL_TIMEOUT_MS = 1000, /* a vsock peer that is gone answers nothing */
    ENCLAVE_LINK_BACKOFF_MIN_MS = 20,
    ENCLAVE_LINK_BACKOFF_MAX_MS = 500, /* so that a restarted enclave is found within a second */
    ENCLAVE_LINK_GRACE_MS = 2500,      /* an enclave that restarts is not an error yet */
    ENCLAVE_LINK_TICK_MS = 25,         /* how precisely deadlines are kept */
    ENCLAVE_LINK_ATTEMPT_COUNT_MAX = 2,
};

/* `{0}` is closed. Must not move while open. */
struct enclave_link {
    endpoint enclave;
    endpoint_dialer dial;
    struct arena memory;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* for the dialing thread: something broke, or stop */
    pthread_t reader, dialer;
    int epoll, wake; /* epoll instance, and eventfd that interrupts it */
    bool is_open, is_stopping, is_stopped;
    struct enclave_connection connections[ENCLAVE_LINK_CONNECTION_COUNT_MAX];
    size_t connection_count, up_count;
    int64_t down_since_ms; /* when the last connection broke; meaningless while one is up */
    struct enclave_call *calls[ENCLAVE_LINK_CALL_COUNT_MAX];
    uint16_t free_slots[ENCLAVE_LINK_CALL_COUNT_MAX];
    size_t free_count;
    uint64_t call_counter;
    struct enclave_call_queue waiting;
    uint64_t connect_count, break_count, repeat_count;
};

struct enclave_link_settings {
    endpoint enclave;
    endpoint_dialer dial;
    size_t connection_count; /* 1 to ENCLAVE_LINK_CONNECTION_COUNT_MAX */
};

/* What the metrics show. */
struct enclave_link_state {
    size_t connection_count, up_count, in_flight_count;
    uint64_t connect_count, break_count, repeat_count;
};

/*
 * Starts dialing and returns: an enclave that is not there yet is no failure. OVER_LIMIT for a
 * count outside its bounds, UNAVAILABLE when the system has no threads or memory.
 */
MUST_CHECK status enclave_link_open(struct enclave_link *link,
                                    const struct enclave_link_settings *settings);

/* Stops the threads and fails every call under way; those started later fail at once. */
void enclave_link_stop(struct enclave_link *link);
/* The same, and releases everything. No thread may start calls any more. */
void enclave_link_close(struct enclave_link *link);

/*
 * Starts a call. On failure `done` is not called: OVER_LIMIT when too many are under way,
 * UNAVAILABLE when the enclave has been away for longer than the grace, or the link is closing.
 */
MUST_CHECK status enclave_link_start(struct enclave_link *link, struct enclave_call *call);

/* Makes a call and waits for it: the start's failure, or the call's outcome. `done` is set here. */
MUST_CHECK status enclave_link_call(struct enclave_link *link, struct enclave_call *call);

struct enclave_link_state enclave_link_read_state(struct enclave_link *link);

#endif
