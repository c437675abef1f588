/*
 * link: calls to the enclave over a connection or a few, on the turns of one loop.
 *
 * It has no thread and never waits: it belongs to a loop (os/loop.h), on whose thread everything
 * here runs but the two functions that say otherwise. Calls started during a turn leave at its end,
 * in one write per connection; answers are matched by req_id and reported through each call's
 * `done` while they still lie in the connection's memory.
 *
 * Connecting does not block either. A connection that breaks is dialed again at once, then with
 * growing pauses of at most LINK_PAUSE_MS_MAX. What breaks one: its end, an error of its socket,
 * bytes that are no frames or no answer to what was asked, and LINK_PING_MISSED_MAX pings of the
 * link's own, LINK_PING_MS apart, that brought not a single byte. A caller's deadline and a probe
 * break nothing: the call is reported as UNAVAILABLE, and its late answer is dropped.
 *
 * A call of which not a byte was sent waits for a connection, but no longer than LINK_GRACE_MS after
 * the last one broke; from then on calls fail at once until the enclave is back. A call that was
 * sent, in part or whole, on a connection that broke fails, unless it is repeatable: then it is
 * sent again, on a connection made after the break, up to LINK_ATTEMPT_COUNT_MAX times in all.
 *
 * Each request carries left_ms, counted to the call's deadline at the moment it is written, so that
 * the enclave answers CALL_MARGIN_MS before (proto/call.h).
 *
 * Specification: docs/PROTOCOL.md.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "link/book.h"
#include "link/call.h"
#include "link/connection.h"
#include "link/dialer.h"
#include "link/report.h"
#include "net/endpoint.h"
#include "os/loop.h"
#include "proto/call.h"

enum {
    LINK_CONNECTION_COUNT_MAX = 4, /* one is usual: a link serves one shard */
    LINK_DIAL_MS_MAX = 1000,       /* a vsock peer that is gone answers nothing */
    LINK_PAUSE_MS_MIN = 20,
    LINK_PAUSE_MS_MAX = 500, /* so that a restarted enclave is found within a second */
    LINK_GRACE_MS = 2500,    /* an enclave that restarts is not an error yet */
    LINK_PING_MS = 2000,
    LINK_PING_MISSED_MAX = 3, /* an enclave may stand still for a moment: 6 s are no moment */
    LINK_ATTEMPT_COUNT_MAX = 3,
    LINK_SLACK_SIZE = 1024, /* of its memory, for aligning */
};

enum link_event {
    LINK_LOST, /* the last connection broke */
    LINK_BACK, /* the enclave answers: the first time, or after it was lost; its boot id is known */
};

struct link_settings {
    endpoint enclave;        /* unix, vsock or hybrid */
    size_t connection_count; /* 1 to LINK_CONNECTION_COUNT_MAX */
    /* Told on the loop's thread; may be NULL. It may read the state, and start and cancel calls. */
    void (*told)(void *context, enum link_event event);
    void *context;
};

struct link;

enum link_peer_state { LINK_PEER_DOWN, LINK_PEER_DIALING, LINK_PEER_UP };

/* One connection's place, and what is under way on it. */
struct link_peer {
    struct link *link;
    struct loop_watch watch;
    struct loop_timer timer; /* down: to dial; dialing: to give up; up: the next ping */
    struct dialer dialer;
    struct link_connection connection;
    enum link_peer_state state;
    bool is_watched_for_room;
    uint64_t number;             /* which of the connections made this is */
    int64_t pause_ms;            /* before the next attempt */
    struct link_queue in_flight; /* calls whose frames were put on it */
    struct link_call ping;
    unsigned missed_count; /* pings in a row */
};

/* Counters that any thread may read. */
struct link_counters {
    _Atomic uint64_t up, in_flight, connects, breaks, repeats, bad_frames, pings_missed, late;
};

/* `{0}` is closed. Must not move while open. */
struct link {
    struct link_settings settings;
    struct loop *loop;
    struct arena memory;
    struct link_peer peers[LINK_CONNECTION_COUNT_MAX];
    size_t up_count;
    uint64_t connect_count;
    int64_t down_since_ms; /* when the last connection broke; meaningless while one is up */
    bool is_open, is_closing, is_lost;
    struct book book;
    struct link_queue waiting; /* calls that are on no connection, in order */
    struct loop_timer timer;   /* the earliest deadline, or before: then it is looked for */
    int64_t look_ms;           /* when that is; INT64_MAX: it is not set */
    struct loop_hook hook;     /* the turn's end: writes what was started */
    bool is_hooked;
    struct link_counters counters;
    struct report report;
};

/* What metrics and probes show. */
struct link_state {
    size_t connection_count, up_count, in_flight_count;
    uint64_t connect_count, break_count, repeat_count;
    uint64_t bad_frame_count;   /* breaks because the enclave said what it may not say */
    uint64_t ping_missed_count; /* pings that brought nothing before the next was due */
    uint64_t late_count;        /* answers to calls that had given up */
    bool has_status;            /* the enclave has answered a ping */
    int64_t status_ms;          /* when it last did, on the loop's clock */
    bytes16 boot_id;            /* of that answer; zeros when it had none */
};

/*
 * Starts dialing and returns: an enclave that is not there yet is no failure. To be called on the
 * loop's thread, or before the loop runs. OVER_LIMIT for a count outside its bounds, DENIED for a
 * TCP endpoint, UNAVAILABLE without memory.
 */
MUST_CHECK status link_open(struct link *link, struct loop *loop,
                            const struct link_settings *settings);

/*
 * Reports every call under way as UNAVAILABLE, and closes. Not from within `done` or `told`. Harmless
 * when it is closed.
 */
void link_close(struct link *link);

/*
 * Starts a call, which leaves at the end of the turn. On failure `done` is not called: BAD_INPUT
 * when the request is none (call_check_request), OVER_LIMIT when too many are under way,
 * UNAVAILABLE when the enclave has been away for longer than the grace, or the link is closing.
 */
MUST_CHECK status link_start(struct link *link, struct link_call *call);

/* Gives a call up: `done` is not called any more. Harmless when it is not under way. */
void link_cancel(struct link *link, struct link_call *call);

/* Any thread. */
struct link_state link_read_state(struct link *link);

/*
 * Any thread: copies the enclave's last STATUS, JSON of at most CALL_STATUS_SIZE_MAX bytes. False
 * while there is none.
 */
bool link_read_status(struct link *link, struct builder *json);

#endif
