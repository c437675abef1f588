/*
 * connection: one client of a shard, from its first byte to its last.
 *
 * What a connection does is its state, each of which has a queue in the shard and a deadline:
 *
 *   HANDSHAKE -> HEAD -> BODY -> WAITING -> HANDLING -> ANSWERING -> IDLE -> HEAD …
 *
 * and LINGERING at the end, when we have said all and read away what still comes, so that the system
 * does not answer it with a reset, which could cost the client our last answer.
 *
 * A connection is watched for edges, once: readiness is remembered until reading has shown that
 * there is nothing more, so a warm request takes one recv and one send, and while a request is under
 * way further ones wait unread. Requests of one connection are answered in order, one at a time.
 */
#ifndef SERVE_CONNECTION_H
#define SERVE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "os/clock.h"
#include "os/loop.h"
#include "serve/answer.h"
#include "serve/counters.h"
#include "serve/exchange.h"
#include "serve/intake.h"
#include "serve/limits.h"
#include "serve/memories.h"
#include "serve/pages.h"
#include "serve/peer.h"
#include "serve/wire.h"

enum {
    CONNECTION_HEAD_PATIENCE_MS = 1000,       /* a head that takes longer makes room for others */
    CONNECTION_LINGER_SIZE_MAX = 1024 * 1024, /* bytes that are read away */
    CONNECTION_STEP_COUNT_MAX = 256,          /* in one go, before others have their turn */
};

enum connection_state {
    CONNECTION_FREE,
    CONNECTION_HANDSHAKE,
    CONNECTION_HEAD,     /* no request yet on a new connection, or some bytes of a head */
    CONNECTION_BODY,     /* judged; bytes of the body are awaited */
    CONNECTION_WAITING,  /* whole; waits for memory */
    CONNECTION_HANDLING, /* with the program */
    CONNECTION_ANSWERING,
    CONNECTION_IDLE, /* between requests */
    CONNECTION_LINGERING,
};

enum { CONNECTION_STATE_COUNT = CONNECTION_LINGERING + 1 };

struct connection;

struct connection_queue {
    struct connection *first, *last;
};

/* What the connections of a shard share. */
struct connection_home {
    struct exchange_home exchange;
    const struct serve_service *service;
    struct loop *loop;
    struct clock clock;         /* for Date */
    struct serve_limits limits; /* the shard's share */
    struct serve_deadlines deadlines;
    struct intake_home intake;
    struct pages answer_pages;
    struct memories memories[EXCHANGE_MEMORY_KIND_COUNT];
    struct arena refusal_memory;
    uint8_t *answer_head, *record;
    struct answer_date date;
    struct counters counters;
    struct connection_queue
        states[CONNECTION_STATE_COUNT]; /* in the order in which they began it */
    struct connection_queue waiting[EXCHANGE_MEMORY_KIND_COUNT]; /* those of WAITING, by kind */
    struct connection_queue starved; /* of HEAD and BODY: those that wait for blocks or pages */
    struct connection_queue resumed; /* to be run at the turn's end */
    struct loop_hook hook;
    size_t waiting_count;
    bool is_draining; /* every answer ends its connection */
    void (*closed)(struct connection_home *home,
                   struct connection *connection); /* it is free now */
};

/* A place in one queue. */
struct connection_place {
    struct connection *next, *previous;
    struct connection_queue *queue; /* NULL: in none */
};

enum connection_place_kind {
    CONNECTION_PLACE_STATE,
    CONNECTION_PLACE_WAIT,
    CONNECTION_PLACE_RESUMED
};

enum { CONNECTION_PLACE_COUNT = CONNECTION_PLACE_RESUMED + 1 };

struct connection {
    struct connection_home *home;
    struct loop_watch watch;
    struct loop_timer timer;
    struct wire wire;
    struct serve_peer peer;
    enum connection_state state;
    struct connection_place places[CONNECTION_PLACE_COUNT];
    int64_t deadline_ms, since_ms; /* of the state */
    int64_t body_end_ms;           /* BODY: when it must be whole */
    int64_t starved_ms;            /* since when it waits for room */
    uint32_t events;               /* watched for */
    bool is_readable;              /* reading may find something */
    bool has_hangup;  /* the peer has ended its direction: its end can be read behind all else */
    bool is_gone;     /* nobody is there to take an answer */
    bool wants_write; /* goes on when the descriptor is writable */
    bool is_running;
    bool is_last; /* it ends with the answer under way */
    size_t lingered_size;
    struct intake intake;
    struct page_chain answer; /* what did not leave at once */
    struct exchange exchange;
    struct memories *memories; /* where exchange.memory is from; NULL: it has none */
};

/* Goes to the end of a queue, unless it stands there already; leaves the one it stood in. */
void connection_join(struct connection *connection, enum connection_place_kind kind,
                     struct connection_queue *queue);
void connection_leave(struct connection *connection, enum connection_place_kind kind);

/* Has it run at the turn's end, when none of its functions is under way. */
void connection_resume(struct connection *connection);

/* Begins a state, which may last this long; whatever it waited for it waits for no more. */
void connection_enter(struct connection *connection, enum connection_state state,
                      int64_t duration_ms);

/* Waits for memory of this kind; and does not any more, for whatever it was. */
void connection_wait(struct connection *connection, enum exchange_memory_kind kind);
void connection_stop_waiting(struct connection *connection);

void connection_count(struct connection *connection, enum counters_kind kind);

/* Notes how much of a kind of memory is in use. */
void connection_show_memory(struct connection_home *home, enum exchange_memory_kind kind);

/* The first that waits for it is resumed. Harmless without memory. */
void connection_give_memory_back(struct connection *connection);

/* After pages or blocks may have become free: those that wait for some look again. */
void connection_feed_starved(struct connection_home *home);

/* Closes at once. An exchange under way is reported as ended in this way. */
void connection_close(struct connection *connection, enum exchange_end end);

/* Ends our direction; the rest of the peer's is read away (RFC 9112, section 9.6). */
void connection_say_goodbye(struct connection *connection);

/* The exchange is over: so is the connection, or the next request may come. */
void connection_finish(struct connection *connection);

#endif
