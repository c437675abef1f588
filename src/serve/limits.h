/*
 * limits: how many and how large, and how long, in one place; serve/server.h says what each means
 * and which binds first.
 */
#ifndef SERVE_LIMITS_H
#define SERVE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    SERVE_HEAD_SIZE_MAX = 8 * 1024,       /* bytes of a request's head */
    SERVE_BODY_SIZE_MAX = 256 * 1024,     /* bytes of the largest body that may be expected */
    SERVE_CONNECTION_COUNT_MAX = 1 << 16, /* that may be asked for */
    SERVE_CONNECTION_COUNT = 2048,
    SERVE_PEER_CONNECTION_COUNT = 1024,
    SERVE_REQUEST_COUNT = 1024,
    SERVE_LARGE_COUNT = 16,
    SERVE_PROBE_COUNT = 4,
    SERVE_SMALL_BODY_SIZE_MAX = 4 * 1024, /* bytes of a body that small memory is enough for */
    SERVE_SMALL_MEMORY_SIZE = 32 * 1024,
    SERVE_LARGE_MEMORY_SIZE = 2048 * 1024, /* the largest body, eight times over */
    SERVE_PROBE_MEMORY_SIZE = 256 * 1024,  /* metrics */
    SERVE_BODY_MEMORY_SIZE = 8192 * 1024,  /* 32 of the largest bodies */
    SERVE_ANSWER_MEMORY_SIZE = 4096 * 1024,
    SERVE_HANDSHAKE_MS = 10000,
    SERVE_HEAD_MS = 10000,
    SERVE_BODY_MS = 30000,
    SERVE_BODY_PAUSE_MS = 10000,
    SERVE_WAIT_MS = 10000,
    SERVE_HANDLE_MS = 15000,
    SERVE_ANSWER_MS = 30000,
    SERVE_IDLE_MS = 75000, /* above the 60 s of load balancers, who then close first */
    SERVE_LINGER_MS = 2000,
};

/* Totals of a server. A memory's size is that of one place. */
struct serve_limits {
    size_t connection_count, peer_connection_count;
    size_t request_count, large_count, probe_count;
    size_t small_memory_size, large_memory_size, probe_memory_size;
    size_t small_body_size_max;
    size_t body_memory_size, answer_memory_size;
};

struct serve_deadlines {
    int64_t handshake_ms, head_ms, body_ms, body_pause_ms, wait_ms, handle_ms, answer_ms, idle_ms,
        linger_ms;
};

struct serve_limits serve_limits_default(void);
struct serve_deadlines serve_deadlines_default(void);

/*
 * BAD_INPUT unless every count is at least one, connections are at most SERVE_CONNECTION_COUNT_MAX,
 * each kind of memory holds the body that it is for with as much again, and body and answer memory
 * hold two of the largest bodies for each shard.
 */
MUST_CHECK status serve_limits_check(const struct serve_limits *limits, size_t shard_count);

/* A shard's share of the totals. */
struct serve_limits serve_limits_share(const struct serve_limits *limits, size_t shard_count);

#endif
