/*
 * server: an HTTP/1.1 server of one program, on a few threads that share nothing.
 *
 * Each thread is a shard (serve/shard.h) with its own listening socket, loop, connections and
 * memory; a connection stays on its shard from its first byte to its last. The kernel deals new
 * connections out by a hash, which leaves shards unequal when there are few clients: a shard that
 * has more connections than another hands what it accepts to the one with the fewest, once, before
 * the first byte. A Unix socket can be listened at only once: shard 0 accepts for all.
 *
 * Limits, from the outermost in; what comes first in the list binds first. A total is divided among
 * the shards, rounded up. Nothing is refused while it could wait.
 *
 *   connection_count       open connections. One more takes the place of the connection that has
 *                          been idle for longest, or whose head has been arriving for longest (and
 *                          more than HEAD_PATIENCE_MS); else it waits in the kernel's backlog
 *   peer_connection_count  of them from one address (an IPv6 /64), except this machine's own: one
 *                          more is closed at once
 *   body_memory_size       bodies that are arriving: without room a body waits unread
 *   request_count          requests in handling; large_count, probe_count of their kinds: one more
 *                          waits, its body received, for wait_ms, then is answered 503
 *   answer_memory_size     answers that clients are slow to take: without room the connection that
 *                          has been draining for longest is cut
 *
 * Deadlines: handshake_ms; head_ms from a request's first byte (or from connecting) to its whole
 * head; body_ms for a whole body, of which something must come every body_pause_ms; wait_ms and,
 * counted from the same moment, handle_ms, which exchange_deadline_ms tells; answer_ms for the
 * client to take the answer; idle_ms between requests; linger_ms for a client that was told to
 * close and does not.
 *
 * Ending: server_drain goes on serving for `delay_ms`, each answer with "Connection: close", then
 * stops accepting, closes idle connections, lets those with a request under way finish, and ends
 * the threads when none is left or `finish_ms` has passed.
 *
 * Specification: RFC 9110, RFC 9112.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/endpoint.h"
#include "net/listener.h"
#include "net/tls.h"
#include "os/clock.h"
#include "serve/counters.h"
#include "serve/exchange.h"
#include "serve/peers.h"
#include "serve/shard.h"

enum {
    SERVER_SHARD_COUNT_MAX = SHARD_COUNT_MAX,
    SERVER_SHARD_COUNT_DEFAULT = 2,
    SERVER_DRAIN_PAUSE_MS = 20, /* how often draining looks whether it is over */
    SERVER_SPARE_DESCRIPTOR_COUNT =
        16, /* of each shard: loop, listener, reserve, some in passing */
};

struct server_settings {
    const struct serve_service *service; /* outlives the server */
    endpoint listen;                     /* TCP or a Unix socket */
    unsigned unix_mode;                  /* of a Unix socket's path; 0: LISTENER_UNIX_MODE */
    size_t shard_count;
    struct serve_limits limits;       /* serve_limits_default(), changed at will */
    struct serve_deadlines deadlines; /* serve_deadlines_default() */
    const struct tls_identity *tls;   /* NULL: none */
    slice client_roots_pem;           /* with TLS: asks clients for certificates of these */
    struct clock clock;
};

/* `{0}` is closed. Must not move while open. */
struct server {
    struct server_settings settings;
    struct arena memory;
    endpoint bound;
    struct tls_server tls;
    struct serve_peers peers;
    struct shard_group group;
    struct shard *shards;
    size_t shard_count;
    bool is_open;
};

/*
 * Listens, and prepares the shards, whose threads do not run yet: until server_start the program may
 * open on server_loop what belongs to a shard. CONFLICT, DENIED, UNAVAILABLE as of listening;
 * BAD_INPUT for PEM that is none, or limits that make no sense (serve/limits.h).
 */
MUST_CHECK status server_open(struct server *server, const struct server_settings *settings);

/* How many descriptors such a server may have open at once: for harden_allow_descriptors. */
size_t server_descriptor_count(const struct server_settings *settings);

/* The loop of a shard. Once started, only loop_post and loop_stop are for other threads. */
struct loop *server_loop(struct server *server, size_t shard_index);

/* Where it listens, with the port that port 0 became. */
const endpoint *server_bound(const struct server *server);

/* Starts the threads. UNAVAILABLE when the system has none. */
MUST_CHECK status server_start(struct server *server);

/*
 * Any thread: new connections get this certificate, key and these client authorities from now on;
 * on failure everything stays as it was. BAD_INPUT; DENIED for a server without TLS.
 */
MUST_CHECK status server_reload_tls(struct server *server, const struct tls_identity *identity,
                                    slice client_roots_pem);

/* Any thread: the sum over the shards. */
void server_read_counters(struct server *server, struct serve_totals *totals);

/*
 * Once: ends as said above, and returns when no thread of the server runs any more. UNAVAILABLE when
 * exchanges were still parked after `finish_ms`: the program then ends what they wait for, which
 * answers them, before server_close.
 */
MUST_CHECK status server_drain(struct server *server, int64_t delay_ms, int64_t finish_ms);

/*
 * Closes all connections; parked exchanges are reported as EXCHANGE_STOPPED. The threads are stopped
 * first if they run. Harmless when it is closed.
 */
void server_close(struct server *server);

#endif
