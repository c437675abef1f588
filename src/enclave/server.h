/*
 * server: many connections of frames, few threads.
 *
 * Listener and connections are parked in one epoll set, so an idle connection costs nothing but
 * its slot. A worker takes one connection that has something to say, reads all of it, serves every
 * request that needs not wait, and sends the answers together. A request that must wait for KMS or
 * the security module is handed to a second pool with a bounded queue; its answer follows when it
 * is there, in any order. So waiting never holds up warm requests, and a peer that neither sends
 * nor reads holds up nobody.
 *
 * A frame that breaks the format is answered by one error frame, then the connection ends. A
 * connection beyond SERVICE_CONNECTION_COUNT_MAX is closed at once.
 */
#ifndef ENCLAVE_SERVER_H
#define ENCLAVE_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "enclave/connection.h"
#include "enclave/service.h"
#include "net/listener.h"
#include "os/workers.h"

enum {
    SERVER_JOB_COUNT = SERVICE_QUEUE_COUNT_MAX + CONFIG_KMS_WORKERS_MAX,
    SERVER_OPERATION_MS_MAX = 15000, /* one request that waits, from its arrival to its answer */
    SERVER_SWEEP_MS = 500,           /* how late a deadline may be noticed */
    SERVER_BATCH_COUNT_MAX = 8,      /* answers sent together, so that the first is not late */
};

struct server;

/* A request that waits, with its own copy of the frame. */
struct server_job {
    struct server *server;
    struct connection *connection;
    uint8_t *frame; /* FRAME_SIZE_MAX bytes */
    size_t frame_size;
    int64_t deadline_ms;
    struct server_job *next; /* among the free */
};

/* `{0}` is closed. */
struct server {
    struct service *service;
    struct statistics *statistics;
    struct log *log;
    struct listener listener;
    int epoll, stop; /* descriptors */
    struct arena memory;
    struct connection connections[SERVICE_CONNECTION_COUNT_MAX];
    struct server_job jobs[SERVER_JOB_COUNT];
    struct server_job *first_free_job;
    struct service_worker service_workers[CONFIG_KMS_WORKERS_MAX]; /* of the threads that wait */
    struct service_worker *free_workers[CONFIG_KMS_WORKERS_MAX];
    size_t free_worker_count;
    pthread_mutex_t mutex; /* of what is free, and of starting connections */
    _Atomic int64_t next_sweep_ms;
    struct workers workers, kms_workers;
    bool is_open;
};

/* Listens and starts the threads. `service` must outlive the server. */
MUST_CHECK status server_open(struct service *service, struct server *server);

/* Where it listens, with the port that port 0 became. */
const endpoint *server_endpoint(const struct server *server);

/* Stops taking requests, waits for those under way, closes everything. */
void server_close(struct server *server);

#endif
