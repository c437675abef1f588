/*
 * server: many connections of frames, few threads.
 *
 * Each worker is a thread with connections of its own, which nobody else touches: it waits for all
 * of them at once, reads what one has to say, serves every request that needs not wait, and sends
 * the answers together. So a warm request takes no lock but the cache's, and a batch costs one read
 * and one write. The first worker also accepts, and gives each connection to the worker that has
 * fewest. A request that must wait goes to enclave/cold; its answer comes back through the inbox
 * of the connection's worker, in any order. So waiting never holds up warm requests, and a peer that
 * neither sends nor reads holds up nobody.
 *
 * A frame that breaks the format is answered by one error frame, then the connection ends. A
 * connection beyond SERVICE_CONNECTION_COUNT_MAX is closed at once.
 */
#ifndef ENCLAVE_SERVER_H
#define ENCLAVE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/status.h"
#include "enclave/blocks.h"
#include "enclave/cold.h"
#include "enclave/connection.h"
#include "enclave/service.h"
#include "net/listener.h"
#include "os/workers.h"

enum {
    /*
     * One request that waits, from its arrival to its answer: less when it says how long its
     * requester waits. Parents allow 15 s, so that the enclave's sentence is the one that is heard.
     */
    SERVER_OPERATION_MS_MAX = 14000,
    SERVER_SWEEP_MS = 500,         /* how late a connection's deadline may be noticed */
    SERVER_WAITING_SWEEP_MS = 50,  /* how late a waiting request's */
    SERVER_OUTPUT_SIZE = 64 << 10, /* answers collected for one write: some 400 signatures */
};

struct server;

/* A thread and what only it touches. */
struct server_worker {
    struct server *server;
    int epoll, wake;               /* descriptors; `wake` is readable when the inbox wants it */
    _Atomic(struct block *) inbox; /* answers, the last first; any thread adds */
    _Atomic bool is_asleep;        /* it will not look into the inbox by itself */
    _Atomic size_t connection_count;
    struct service_worker service_worker;
};

/* A place for a connection. */
struct server_slot {
    _Atomic size_t owner; /* index + 1 of the worker whose it is; 0: free for the accepting one */
    _Atomic bool is_lost; /* epoll does not take it: its owner is to end it */
    bool is_sending;      /* epoll has been told to wait for room, not for requests */
    struct connection connection;
};

/* `{0}` is closed. */
struct server {
    struct service *service;
    struct statistics *statistics;
    struct log *log;
    struct listener listener;
    int stop; /* descriptor */
    struct blocks blocks;
    struct cold cold;
    struct server_slot slots[SERVICE_CONNECTION_COUNT_MAX];
    struct server_worker server_workers[CONFIG_WORKERS_MAX];
    size_t worker_count;
    int64_t refused_logged_ms; /* of connections, by the accepting worker */
    _Atomic int64_t next_expiry_ms;
    struct workers workers;
    bool is_open;
};

/* Listens and starts the threads. `service` must outlive the server. */
MUST_CHECK status server_open(struct service *service, struct server *server);

/* Where it listens, with the port that port 0 became. */
const endpoint *server_endpoint(const struct server *server);

/* Stops taking requests, waits for those under way, closes everything. */
void server_close(struct server *server);

#endif
