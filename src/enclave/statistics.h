/*
 * statistics: what the enclave counts, for its STATUS document (enclave/report.h).
 *
 * Results are "ok" and the failure kinds' names; those that are zero are left out. "kms" counts
 * calls that were sent, so that a retried one counts again. Counters only grow until the enclave
 * ends; any thread may count.
 */
#ifndef ENCLAVE_STATISTICS_H
#define ENCLAVE_STATISTICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/status.h"
#include "proto/frame.h"

enum {
    STATISTICS_RESULT_COUNT = FAILURE_INTERNAL + 1, /* 0 is success */
    STATISTICS_TYPE_COUNT = FRAME_TYPE_LAST + 1,    /* 0 is what has no known type */
};

enum statistics_kms { STATISTICS_GENERATE_DATA_KEY, STATISTICS_DECRYPT, STATISTICS_KMS_COUNT };

/* `{0}` has counted nothing. */
struct statistics {
    _Atomic uint64_t requests[STATISTICS_TYPE_COUNT][STATISTICS_RESULT_COUNT];
    _Atomic uint64_t kms[STATISTICS_KMS_COUNT][STATISTICS_RESULT_COUNT];
    _Atomic uint64_t cache_hits, cache_misses;
    _Atomic uint64_t renewals;       /* data keys fetched ahead of their expiry */
    _Atomic uint64_t fetch_failures; /* data keys that KMS did not give */
    _Atomic uint64_t queue_waiting;  /* calls that wait for a thread, now */
    _Atomic uint64_t waiting;        /* requests that wait for a call, now */
    _Atomic uint64_t connections;    /* now */
};

/* Counts a request of this frame type; types that are not served count as "other". */
void statistics_count_request(struct statistics *statistics, uint8_t type, status result);
/* Counts one call to KMS. */
void statistics_count_kms(struct statistics *statistics, enum statistics_kms call, status result);

/* Append the values of "requests" and "kms" as JSON objects. */
void statistics_put_requests(const struct statistics *statistics, struct builder *json);
void statistics_put_kms(const struct statistics *statistics, struct builder *json);

#endif
