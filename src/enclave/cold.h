/*
 * cold: requests that wait for KMS or the security module.
 *
 * A call takes a place in a bounded queue and one of the threads that may wait. A data key that
 * several requests need is one call: the requests that wait for it are a list on the call and take
 * neither a place nor a thread, so no account's slow key holds up another account's. When the call
 * ends, all who wait for it are answered: by their signatures, or by its one failure.
 *
 * Each request has its own deadline, and is answered by then whatever the call does. A call is given
 * up COLD_MARGIN_MS before the last of its requests' deadlines, so that its own sentence is the
 * one that arrives. A key in use that ages is fetched anew by a call for which nobody waits.
 *
 * Requests are copied when they come here, those for a data key without their credentials. Answers
 * go out through a function, on any thread.
 */
#ifndef ENCLAVE_COLD_H
#define ENCLAVE_COLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "enclave/blocks.h"
#include "enclave/config.h"
#include "enclave/service.h"
#include "os/workers.h"

enum {
    COLD_CALL_COUNT_MAX = SERVICE_QUEUE_COUNT_MAX + CONFIG_KMS_WORKERS_MAX,
    COLD_WAITER_COUNT_MAX = SERVICE_WAITER_COUNT_MAX,
    COLD_MARGIN_MS = 250,
};

/* Whom an answer goes to; the asker's own numbers. */
struct cold_origin {
    size_t worker_index, connection_index;
    uint32_t generation;
};

/* A request that waits. */
struct cold_waiter {
    struct cold_origin origin;
    struct block *block; /* the request's frame, later its answer; NULL: the call's own */
    uint64_t req_id;
    int64_t deadline_ms;
    uint8_t type;
    struct cold_waiter *next; /* of the same call, or among the free */
};

/* A call, in the queue or under way. */
struct cold_call {
    struct cold *cold;
    struct block *block;        /* the first request's frame, with its credentials */
    struct data_keys_name name; /* views the block */
    bool is_fetch;              /* of a data key; else a request that waits for itself */
    bool is_shared;             /* others may join it */
    bool is_renewal;            /* wanted without anybody waiting */
    bool has_started;
    int64_t deadline_ms; /* the last of its requests' */
    struct cold_waiter *waiters;
    struct cold_call *next; /* among those that go on, or the free */
};

/* Takes over the block, which holds the answer. Any thread. */
typedef void (*cold_answer)(void *context, struct cold_origin origin, struct block *answer);

struct cold_settings {
    struct service *service;
    struct blocks *blocks;
    cold_answer answer;
    void *context;
};

/* `{0}` is closed. */
struct cold {
    struct cold_settings settings;
    pthread_mutex_t mutex; /* taken before the cache's when both are */
    struct cold_call calls[COLD_CALL_COUNT_MAX];
    struct cold_waiter waiters[COLD_WAITER_COUNT_MAX];
    struct cold_call *active, *free_calls;
    struct cold_waiter *free_waiters;
    struct service_worker service_workers[CONFIG_KMS_WORKERS_MAX]; /* of the threads */
    struct service_worker *free_workers[CONFIG_KMS_WORKERS_MAX];
    size_t free_worker_count;
    struct workers workers;
    bool is_open;
};

/* Starts the threads. What the settings point to must outlive it. */
MUST_CHECK status cold_open(const struct cold_settings *settings, struct cold *cold);
/* Answers what is under way, then ends. */
void cold_close(struct cold *cold);

/* What is to be done with a request. */
struct cold_request {
    slice bytes; /* of the whole frame */
    const struct frame *frame;
    const struct service_need *need; /* as service_serve told it */
    struct cold_origin origin;
    int64_t deadline_ms;
};

/*
 * Takes a request in. `*is_there` tells that the data key has come meanwhile: then nothing was taken
 * in, and serving it now will do. UNAVAILABLE when too many wait, or when the data key must be
 * fetched and the request brings no credentials.
 */
MUST_CHECK status cold_submit(struct cold *cold, const struct cold_request *request,
                              bool *is_there);

/* Starts fetching an ageing key anew with this request's credentials, if it has some and there is
 * room; a later request will try again. */
void cold_renew(struct cold *cold, const struct cold_request *request);

/* Answers the requests whose deadline has passed. */
void cold_expire(struct cold *cold, int64_t now_ms);

#endif
