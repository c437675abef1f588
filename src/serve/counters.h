/*
 * counters: what a server has done and what it holds, for metrics.
 *
 * Each shard writes its own without locks; whoever reads adds them up. Totals only grow; gauges say
 * what is there now.
 */
#ifndef SERVE_COUNTERS_H
#define SERVE_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum counters_kind {
    /* totals */
    COUNTERS_ACCEPTED,           /* connections */
    COUNTERS_EVICTED,            /* connections closed to make room for others */
    COUNTERS_REFUSED_PEER,       /* connections beyond peer_connection_count */
    COUNTERS_REFUSED_DESCRIPTOR, /* connections for which the system had no descriptor */
    COUNTERS_HANDSHAKE_FAILED,   /* TLS, whatever the reason but time */
    COUNTERS_REQUESTS,           /* judged */
    COUNTERS_PROBLEMS,           /* of framing, and too large */
    COUNTERS_WAITED,             /* requests that had to wait for memory */
    COUNTERS_REFUSED_SMALL,      /* requests that waited for it too long, by kind */
    COUNTERS_REFUSED_LARGE,
    COUNTERS_REFUSED_PROBE,
    COUNTERS_REFUSED_BODY,   /* bodies for which there was no room for too long */
    COUNTERS_REFUSED_ANSWER, /* answers cut to make room for others */
    COUNTERS_LATE_HANDSHAKE, /* timeouts */
    COUNTERS_LATE_HEAD,
    COUNTERS_LATE_BODY,
    COUNTERS_LATE_ANSWER,
    COUNTERS_IDLE_CLOSED,
    COUNTERS_CLIENT_GONE, /* exchanges whose client left */
    COUNTERS_RECEIVED,    /* bytes, of requests */
    COUNTERS_SENT,        /* bytes, of answers */
    /* gauges */
    COUNTERS_CONNECTIONS,
    COUNTERS_SMALL_USED, /* requests in handling, by kind of memory */
    COUNTERS_LARGE_USED,
    COUNTERS_PROBE_USED,
    COUNTERS_WAITING,       /* requests that wait for memory */
    COUNTERS_BODY_MEMORY,   /* bytes */
    COUNTERS_ANSWER_MEMORY, /* bytes */
};

enum {
    COUNTERS_COUNT = COUNTERS_ANSWER_MEMORY + 1,
    COUNTERS_FIRST_GAUGE = COUNTERS_CONNECTIONS,
};

struct counters {
    _Atomic uint64_t values[COUNTERS_COUNT];
};

/* A sum over shards. */
struct serve_totals {
    uint64_t values[COUNTERS_COUNT];
};

/* The shard's thread: adds, or says what a gauge is. */
void counters_add(struct counters *counters, enum counters_kind kind, uint64_t amount);
void counters_set(struct counters *counters, enum counters_kind kind, uint64_t value);

/* Any thread: adds what they say to the totals. */
void counters_sum(struct counters *counters, struct serve_totals *totals);

/* A stable name in lower case: "accepted", "refused_peer", … */
const char *counters_name(enum counters_kind kind);

#endif
