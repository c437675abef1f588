/*
 * server: HTTP/1.1 for the routes, by libmicrohttpd.
 *
 * A few threads serve all connections by epoll; a request that waits is suspended and costs no
 * thread. Everything has a bound: connections, head, body, the time a head or a body may take, the
 * time a connection may be idle. Refused with 400, and the connection closed: two Content-Length
 * headers that differ or are not plain numbers, a Content-Length beside a Transfer-Encoding, a
 * Transfer-Encoding that is not "chunked", two Authorization headers.
 *
 * Stopping: server_stop answers further requests with 503 and "Connection: close", and lets those
 * under way finish for as long as it is given; server_close ends all connections.
 *
 * Specification: RFC 9110, RFC 9112; docs/API.md.
 */
#ifndef PARENT_SERVER_H
#define PARENT_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/listener.h"
#include "parent/request.h"
#include "parent/service.h"

enum {
    SERVER_CONNECTION_COUNT_MAX = 2048,
    SERVER_THREAD_COUNT = 2,
    SERVER_THREAD_STACK_SIZE = 256 * 1024,
    SERVER_CONNECTION_MEMORY_SIZE = 12 * 1024, /* the longest head, and its fields */
    SERVER_IDLE_S_MAX = 30,                    /* no byte either way */
    SERVER_HEAD_MS_MAX = 60000,  /* from connecting, or the last answer, to a whole head */
    SERVER_LARGE_COUNT_MAX = 16, /* requests with large bodies or answers at once */
    SERVER_STOP_MS_MAX = 20000,  /* above REQUEST_DEADLINE_MS, so that requests end by themselves */
};

struct MHD_Daemon;
struct MHD_Response;

/* One connection, as far as we keep account of it. */
struct server_connection {
    int descriptor;                   /* -1: free */
    _Atomic int64_t waiting_since_ms; /* for a head; 0 while a request is under way */
    bool is_verified;                 /* its client certificate was checked and is good */
    uint16_t next_free;
};

struct server_tls {
    slice certificate_pem; /* chain; empty: no TLS */
    slice key_pem;
    slice client_ca_pem; /* empty: no client certificates */
};

struct server_settings {
    struct service *service;
    endpoint listen;
    struct server_tls tls; /* NUL-terminated texts that outlive the server */
};

/* `{0}` is closed. Must not move while open. */
struct server {
    struct service *service;
    struct MHD_Daemon *daemon;
    struct listener listener;
    struct arena arena;
    struct request *requests;
    uint16_t *free_requests, *free_large;
    size_t free_request_count, free_large_count;
    uint8_t *small_memory, *large_memory;
    struct server_connection *connections;
    uint16_t first_free_connection;
    pthread_mutex_t mutex; /* of the free lists and connections */
    uint64_t id_prefix;    /* of the ids we generate */
    atomic_uint_fast64_t id_counter;
    bool checks_client_certificates;
    bool is_open;
};

/* Listens and serves. CONFLICT, DENIED, UNAVAILABLE as of listening; BAD_INPUT for broken PEM. */
MUST_CHECK status server_open(struct server *server, const struct server_settings *settings);

/* Cuts connections that take too long for a head. To be called about every second. */
void server_tick(struct server *server);

/*
 * Refuses further requests and waits until none is under way. UNAVAILABLE at the deadline; then the
 * enclave link must be closed before the server, which ends what waits for it.
 */
MUST_CHECK status server_stop(struct server *server, int64_t deadline_ms);

/* Closes all connections. No request may be suspended any more. */
void server_close(struct server *server);

#endif
