/*
 * service: everything a request may need, opened once by main and shared by all threads.
 */
#ifndef PARENT_SERVICE_H
#define PARENT_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "credentials/source.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/workers.h"
#include "parent/enclave_link.h"
#include "parent/metrics.h"
#include "parent/record_cache.h"
#include "parent/tokens.h"
#include "proto/account_id.h"
#include "store/store.h"

enum {
    SERVICE_WORKER_COUNT_DEFAULT = 16,
    SERVICE_WORKER_QUEUE_COUNT = 1024,      /* as many as calls to the enclave */
    SERVICE_WORKER_ARENA_SIZE = 320 * 1024, /* two accounts as stored, or a page of a listing */
    SERVICE_CREATING_COUNT_MAX = 64,        /* names being created at once, as workers at most */
    SERVICE_STATUS_SIZE_MAX = 4096,      /* the enclave's STATUS document; real ones have 1 KiB */
    SERVICE_PROBE_MS_MAX = 1000,         /* what a readiness check may take */
    SERVICE_PROBE_FAILED_FRESH_MS = 100, /* the same for a check that failed: it may be over */
    SERVICE_PROBE_FRESH_MS = 1000,       /* how long its result answers further checks */
};

/* One thing that readiness depends on. */
struct service_check {
    bool is_ok;
    const char *message; /* a literal: why not */
};

/* The last readiness check. */
struct service_readiness {
    int64_t checked_at_ms; /* 0: never */
    struct service_check store, enclave, credentials;
    size_t status_size; /* the enclave's STATUS document; 0: none */
    uint8_t status[SERVICE_STATUS_SIZE_MAX];
};

struct service {
    struct store store;
    struct enclave_link link;
    struct credentials_source credentials;
    struct record_cache records;
    struct tokens tokens;
    struct metrics metrics;
    struct workers workers;
    struct log *log;
    struct clock clock;
    slice key_arn; /* for new accounts; empty: the enclave's first */
    bool metrics_are_open;
    atomic_bool is_stopping;

    /* Names whose creation is under way in this process: an empty one is a free place. */
    pthread_mutex_t creating_mutex;
    char creating[SERVICE_CREATING_COUNT_MAX][ACCOUNT_NAME_SIZE_MAX + 1];

    pthread_mutex_t readiness_mutex;
    struct service_readiness readiness;
};

#endif
