/*
 * source: AWS credentials that are always fresh.
 *
 * A chain of fetchers is asked in order until one has credentials; that one is then kept to. A
 * thread of its own renews them ahead of their expiry, so that requests find them ready:
 * - fifteen minutes before expiry (a quarter of the lifetime if that is shorter), a little earlier
 *   by chance, as soon as the wall clock or the monotonic clock says so; failures are repeated with
 *   growing pauses, which nothing shortens, and the old set stays in use meanwhile;
 * - with less than ten minutes left (a sixth of the lifetime), and after a refusal, callers that
 *   may wait do so for the renewal, once: if it fails, credentials that are still valid are used;
 * - when the service hands out what we already have although it is about to expire, or what has
 *   expired, it is kept in use and asked for again some minutes later (static stability): AWS
 *   decides whether it still accepts it;
 * - only one fetch is ever under way.
 *
 * Secrets rest in locked memory. What callers get is a copy in their own memory, theirs to wipe.
 */
#ifndef CREDENTIALS_SOURCE_H
#define CREDENTIALS_SOURCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/status.h"
#include "os/clock.h"
#include "os/locked.h"
#include "os/log.h"

enum {
    CREDENTIALS_FETCHER_COUNT_MAX = 8,
    CREDENTIALS_RENEW_BEFORE_S = 900, /* before expiry, in the background */
    CREDENTIALS_WAIT_BEFORE_S = 600,  /* before expiry, callers wait for the renewal */
    CREDENTIALS_JITTER_S = 60,        /* renewals of many parents are spread over this */
    CREDENTIALS_STABLE_MIN_S = 120,   /* static stability: ask again after this … */
    CREDENTIALS_STABLE_MAX_S = 600,   /* … to this */
    CREDENTIALS_FETCH_TIMEOUT_MS = 5000,
    CREDENTIALS_BACKOFF_MIN_MS = 250,
    CREDENTIALS_BACKOFF_MAX_MS = 30000,
    CREDENTIALS_REFUSED_PAUSE_MS = 5000, /* a refusal forces a renewal at most this often */
    CREDENTIALS_PAUSE_MIN_MS = 500, /* between a success and the next fetch, whatever happens */
    CREDENTIALS_LOOK_MS = 1000,     /* how often the thread looks at the clocks at least */
};

/* A port: one place where credentials may come from. NOT_FOUND: this place has none; ask the next. */
struct credentials_fetcher {
    const char *name; /* "environment", "web_identity", "container", "imds" */
    status (*fetch)(void *context, int64_t deadline_ms, struct aws_credentials *credentials);
    void *context;
};

struct credentials_settings {
    struct credentials_fetcher fetchers[CREDENTIALS_FETCHER_COUNT_MAX];
    size_t fetcher_count;
    struct clock clock;
    struct log *log;
};

struct credentials_vault;

/* One who waits, without a thread. The caller's memory, until `ready` is called or it is forgotten. */
struct credentials_waiter {
    /* On the source's thread: usable now, or why not by the deadline. Hand it on (os/loop.h). */
    void (*ready)(struct credentials_waiter *waiter, status outcome);
    int64_t deadline_ms; /* of the source's monotonic clock */
    struct credentials_waiter *next;
};

/* `{0}` is closed. Must not move while open. */
struct credentials_source {
    struct credentials_settings settings;
    struct locked locked;
    struct credentials_vault *vault; /* in locked memory */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool is_open, is_stopping, has_credentials, is_fetching, has_failed, is_refused;
    struct credentials_waiter *waiters;
    uint64_t generation;              /* of the credentials; 0: there were none yet */
    size_t chosen_index;              /* the fetcher kept to; fetcher_count while there is none */
    int64_t expires_at_s, lifetime_s; /* as we treat them; 0: never */
    int64_t told_expires_at_s;        /* as the service says */
    int64_t renew_at_s;               /* by the wall clock */
    int64_t renew_at_ms, fetched_at_ms, not_before_ms, backoff_ms; /* monotonic */
    uint64_t fetch_count, failure_count;
    status last_failure;
};

struct credentials_state {
    const char *origin; /* the fetcher's name, or "none" */
    bool is_usable, can_expire;
    int64_t left_s;      /* until the expiry that the service told, negative after it; 0: never */
    bool lives_on;       /* used beyond what was told: the service has no newer ones */
    uint64_t generation; /* 0: none yet */
    uint64_t fetch_count, failure_count;
    status last_failure;
};

/* Starts fetching and returns. OVER_LIMIT, or UNAVAILABLE without threads or locked memory. */
MUST_CHECK status credentials_source_open(struct credentials_source *source,
                                          const struct credentials_settings *settings);
void credentials_source_close(struct credentials_source *source);

/*
 * Copies them; `context` is the source (store/dynamodb.h). Waits until `deadline_ms` when there are
 * none or a renewal is due; a deadline of 0 never waits. UNAVAILABLE when there are none by then.
 */
MUST_CHECK status credentials_source_get(void *context, int64_t deadline_ms,
                                         struct aws_credentials *credentials);

/*
 * Copies what there is, expired or not, unless it is what the caller has: `*generation` is of the
 * caller's copy (0: none) and is brought up to date. Never waits. False: nothing newer.
 */
bool credentials_source_copy_newer(struct credentials_source *source, uint64_t *generation,
                                   struct aws_credentials *credentials);

/*
 * Calls `ready` once, when the wait of credentials_source_get would end, and when the source closes.
 * A fetch that is under way at the deadline makes it late: a deadline to the letter is the caller's
 * own timer and credentials_source_forget.
 */
void credentials_source_await(struct credentials_source *source, struct credentials_waiter *waiter);
/* True: `ready` will not be called. False: it has been, or is being called. */
bool credentials_source_forget(struct credentials_source *source,
                               struct credentials_waiter *waiter);

/* AWS refused what was handed out last: fetch anew, soon. `context` is the source. */
void credentials_source_refuse(void *context);
/* The same of one generation: nothing happens when there are newer ones already. */
void credentials_source_refuse_generation(struct credentials_source *source, uint64_t generation);

struct credentials_state credentials_source_read_state(struct credentials_source *source);

#endif
