/*
 * metrics: counts and latencies of the service, as Prometheus text.
 *
 * Recording is a few relaxed atomic additions and never waits. Names begin with "enw_"; every time
 * is in seconds, every size in bytes. Labels are our own words only (route, result), never text of
 * a caller, so the number of series is fixed.
 *
 * Specification: Prometheus text exposition format 0.0.4.
 */
#ifndef PARENT_METRICS_H
#define PARENT_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/builder.h"
#include "parent/problem.h"
#include "parent/routes.h"

/* Upper bounds of the latency buckets; the last, infinite one is implied. */
enum { METRICS_BUCKET_COUNT = 15 };

struct metrics_histogram {
    _Atomic uint64_t buckets[METRICS_BUCKET_COUNT + 1]; /* not cumulative, unlike the text */
    _Atomic uint64_t sum_us;
};

/* `{0}` is empty and ready. */
struct metrics {
    struct metrics_histogram requests[ROUTE_COUNT][PROBLEM_COUNT];
    struct metrics_histogram enclave_round_trips;
    _Atomic int64_t in_flight_count;
    _Atomic uint64_t connection_count; /* since the start */
};

void metrics_record_request(struct metrics *metrics, enum route_id route, enum problem problem,
                            int64_t duration_us);
void metrics_record_round_trip(struct metrics *metrics, int64_t duration_us);

/* Appends the histograms above. */
void metrics_put(const struct metrics *metrics, struct builder *text);

/* Appends one series of its own, with help and type ("counter", "gauge"). */
struct metrics_series {
    const char *name, *type, *help;
};
void metrics_put_series(struct builder *text, const struct metrics_series *series, uint64_t value);

/*
 * Appends process_resident_memory_bytes and process_open_fds. One that the system does not tell, for
 * want of a descriptor to ask with, is absent and not 0.
 */
void metrics_put_process(struct builder *text);

#endif
