/*
 * service: what the enclave does for its parent, one request at a time.
 *
 * A table says for each type of request what serves it and whether it may run while this is a
 * debug enclave in production mode. Requests come as frames and are answered by exactly one frame,
 * if need be an error. Serving has two forms: service_serve never waits for KMS or the module and
 * says so when it would have to; service_serve_waiting may. So whoever calls them keeps warm and
 * cold requests apart.
 *
 * What costs nothing is judged first: the record is read and judged by the rules, the body decoded to
 * what is to be signed; only then is a data key looked for. Opened data keys stay in a cache in
 * locked memory. A data key enters it once it has opened its record; a created account's does not.
 * Getting one that is not there is the caller's business (enclave/cold.h), with what is here:
 * service_fetch asks KMS, service_keep fills the cache, service_sign_fetched serves.
 *
 * A signature that does not verify stops the program at once: one line in the log, memory wiped,
 * exit code SERVICE_EXIT_CODE.
 */
#ifndef ENCLAVE_SERVICE_H
#define ENCLAVE_SERVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/status.h"
#include "crypto/aead.h"
#include "crypto/k256.h"
#include "enclave/config.h"
#include "enclave/ports.h"
#include "enclave/self.h"
#include "enclave/statistics.h"
#include "os/clock.h"
#include "os/locked.h"
#include "os/log.h"
#include "proto/call.h"
#include "proto/frame.h"
#include "wallet/data_keys.h"
#include "wallet/signer.h"

enum {
    SERVICE_EXIT_CODE = 70, /* sysexits.h: EX_SOFTWARE */
    /* What one call needs at most of its arena and of its output. */
    SERVICE_ARENA_SIZE = 256 << 10,
    SERVICE_WAITING_ARENA_SIZE = KEYS_ARENA_SIZE + (192 << 10),
    SERVICE_REPLY_SIZE_MAX = 20 << 10, /* STATUS */
    SERVICE_WAITING_REPLY_SIZE_MAX = CALL_REPLY_SIZE_MAX,
    SERVICE_FAILURE_SIZE_MAX = CALL_FAILURE_SIZE_MAX,
    SERVICE_SIGN_REPLY_SIZE_MAX = CALL_FAILURE_SIZE_MAX, /* a signature is shorter */
    /* STATUS tells these. */
    SERVICE_QUEUE_COUNT_MAX = 2048,    /* calls to KMS and the module that wait for a thread */
    SERVICE_WAITER_COUNT_MAX = 4096,   /* requests that wait for such calls */
    SERVICE_CONNECTION_COUNT_MAX = 64, /* of the parent */
};

struct service_settings {
    const struct config *config;
    const struct self *self;
    const struct signer_rules *rules;
    const struct k256 *curve;
    struct keys_port keys;
    struct clock clock; /* trusted wall time */
    struct statistics *statistics;
    struct log *log;
};

/* `{0}` is closed. Any thread may use it. */
struct service {
    struct service_settings settings;
    bool is_locked_down; /* production mode, but PCR0 is zero */
    struct locked memory;
    pthread_mutex_t mutex; /* of the cache */
    struct data_keys cache;
    bool is_open;
};

/* Opens the cache. What the settings point to must outlive the service. */
MUST_CHECK status service_open(const struct service_settings *settings, struct service *service);
/* No call may be under way. Wipes the cache. */
void service_close(struct service *service);

/* What one thread signs with. `{0}` is closed. */
struct service_worker {
    struct service *service;
    struct aead aead;
    struct signer signer;
};

MUST_CHECK status service_worker_open(struct service *service, struct service_worker *worker);
void service_worker_close(struct service_worker *worker);

enum service_outcome {
    SERVICE_DONE,  /* a reply was appended */
    SERVICE_AGING, /* a reply was appended; the data key that it took should be fetched anew */
    SERVICE_WAITS, /* nothing was appended: it needs a data key or must be served waiting */
    SERVICE_BAD,   /* an error reply was appended; the connection should end */
};

/* What a request needs when the outcome is WAITS or AGING. */
struct service_need {
    bool is_key;                /* a data key; else a thread that may wait */
    struct data_keys_name name; /* of the data key; views the frame */
};

/*
 * Serves a frame without waiting. `reply` has room for SERVICE_REPLY_SIZE_MAX, `arena` has
 * SERVICE_ARENA_SIZE.
 */
enum service_outcome service_serve(struct service_worker *worker, const struct frame *frame,
                                   struct arena *arena, struct builder *reply,
                                   struct service_need *need);

/*
 * Serves a frame that needs a thread that may wait, until the deadline. `reply` has room for
 * SERVICE_WAITING_REPLY_SIZE_MAX, `arena` has SERVICE_WAITING_ARENA_SIZE.
 */
void service_serve_waiting(struct service_worker *worker, const struct frame *frame,
                           int64_t deadline_ms, struct arena *arena, struct builder *reply);

/* A data key fresh from KMS, or why there is none. Declare it with SCOPED(service_fetched_wipe). */
struct service_fetched {
    status result;
    struct data_key key;
    bool is_proven; /* it has opened the record it was fetched for */
};

void service_fetched_wipe(struct service_fetched *fetched);

/*
 * Asks KMS for the data key that a frame needs, with the frame's credentials, until the deadline.
 * `arena` has SERVICE_WAITING_ARENA_SIZE.
 */
void service_fetch(struct service_worker *worker, const struct frame *frame, int64_t deadline_ms,
                   struct arena *arena, struct service_fetched *fetched);

/*
 * Serves a frame with a data key that was fetched under its name. The frame's credentials may be
 * gone. `reply` has room for SERVICE_SIGN_REPLY_SIZE_MAX, `arena` has SERVICE_ARENA_SIZE.
 */
void service_sign_fetched(struct service_worker *worker, const struct frame *frame,
                          const struct service_fetched *fetched, struct arena *arena,
                          struct builder *reply);

/* False when the cache is off. */
bool service_has_cache(const struct service *service);
/* True when the data key is in the cache now. */
bool service_has_key(struct service *service, const struct data_keys_name *name);
/* Puts a proven data key into the cache. */
void service_keep(struct service *service, const struct data_keys_name *name,
                  const struct service_fetched *fetched);

/* Appends the error reply to a frame that never reached the service, and counts it. */
void service_refuse(struct service *service, uint8_t type, uint64_t req_id, status failure,
                    struct builder *reply);

/* Wipes what has expired. */
void service_expire(struct service *service);
/* Wipes the whole cache: the next request for each record asks KMS again. */
void service_forget(struct service *service);

#endif
