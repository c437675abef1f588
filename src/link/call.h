/*
 * call: one request to the enclave on its way, and queues of them.
 *
 * The caller fills in the first part and starts the call (link/link.h). From then until `done` was
 * called, or the call was cancelled, the struct stays where it is and what the request's sections
 * view stays unchanged: a call that is repeated is written from them again.
 */
#ifndef LINK_CALL_H
#define LINK_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "proto/frame.h"

struct link_call;
struct link_peer;

struct link_queue {
    struct link_call *first, *last;
};

struct link_call {
    struct frame request; /* type and sections; its req_id and left_ms are the link's */
    int64_t deadline_ms;  /* on the loop's clock */
    bool is_repeatable;   /* sending it twice does no harm */
    /*
     * Called exactly once, on the loop's thread. Success: `reply` is a reply to the request's type
     * or an error reply (call_is_failure), checked by call_check_reply, and its sections live until
     * `done` returns. Otherwise `outcome` is UNAVAILABLE and `reply` is NULL. It may start and
     * cancel calls, this one again too.
     */
    void (*done)(struct link_call *call, status outcome, const struct frame *reply);
    void *context; /* the caller's */

    /* The link's own; zero before the first start. */
    struct link_queue *queue; /* the one that it is in; NULL: not under way */
    struct link_call *next, *previous;
    struct link_peer *peer; /* that its frame was put on; NULL: on none */
    uint64_t begin;         /* where its frame begins in what that connection carries */
    uint64_t after_number;  /* only connections made after this one may carry it */
    uint64_t req_id;
    unsigned attempt_count; /* connections that carried at least one byte of it */
};

/* Appends a call that is in no queue. */
void link_queue_append(struct link_queue *queue, struct link_call *call);
/* Takes the call out of the queue that it is in. */
void link_queue_remove(struct link_call *call);
/* Takes the first one; NULL when there is none. */
struct link_call *link_queue_take(struct link_queue *queue);

#endif
