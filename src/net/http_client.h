/*
 * http_client: calls to one HTTP/1.1 origin over a bounded pool of kept connections.
 *
 * One call sends one request and reads one whole response into the caller's arena. The deadline
 * covers everything: waiting for a place in the pool, connecting, TLS, writing and reading. A
 * connection is kept only after a response that was complete, self-delimiting and not "close".
 *
 * A request is sent again at most once, and only when a connection kept from an earlier call had
 * died before the first byte of a reply: then the peer had closed it while it was idle. Whoever
 * needs more retries decides that above, knowing what is safe to repeat. (A request that must never
 * run twice says so: is_never_repeated.)
 *
 * A response that ends early, is larger than allowed or is not strict HTTP is a failure, never a
 * short success. An HTTP error status (4xx, 5xx) is a response, not a failure.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"
#include "net/endpoint.h"
#include "net/stream.h"
#include "net/tls.h"
#include "os/clock.h"

enum {
    HTTP_CLIENT_CONNECTION_COUNT_MAX = 64, /* of one origin */
};

struct http_client_settings {
    endpoint origin;
    endpoint_dialer dial;         /* endpoint_dial or tcp_dial */
    const struct tls_client *tls; /* NULL: no TLS; outlives the client */
    const char *tls_host;         /* the name the certificate must have; outlives the client */
    struct clock clock;           /* wall time for the certificate check, idle time */
    size_t connection_count_max;  /* open at once; further calls wait for a place */
    int64_t idle_ms_max;          /* a connection idle for longer is not used again */
};

struct http_client_slot {
    struct stream stream;
    int64_t idle_since_ms;
    bool is_busy;
};

/* May be used by many threads. `{0}` is closed. */
struct http_client {
    struct http_client_settings settings;
    pthread_mutex_t mutex;
    pthread_cond_t has_room;
    struct http_client_slot slots[HTTP_CLIENT_CONNECTION_COUNT_MAX];
    uint64_t connect_count; /* connections made since the start */
    bool is_open;
};

/* Makes no connection yet. OVER_LIMIT for more connections than the maximum. */
MUST_CHECK status http_client_open(const struct http_client_settings *settings,
                                   struct http_client *client);

struct http_client_call {
    const struct http_request *request;
    bool is_never_repeated;   /* do not send it again, not even after a stale connection */
    size_t response_size_max; /* of the whole response, head included; OVER_LIMIT beyond */
    int64_t deadline_ms;
};

/*
 * Prints and sends the request, and reads the response. Its slices live in the arena, which must
 * have room for the request as printed and `response_size_max`. Failures: as of dialing and tls.h;
 * UNAVAILABLE (ECONNRESET) for a response cut off; CORRUPT for one that is not HTTP; OVER_LIMIT.
 */
MUST_CHECK status http_client_send(struct http_client *client, const struct http_client_call *call,
                                   struct arena *arena, struct http_response *response);

/* Closes kept connections (after a change of credentials or certificate, say). */
void http_client_drop_idle(struct http_client *client);

/* No call may be under way. */
void http_client_close(struct http_client *client);

#endif
