/*
 * dynamodb: the production store, one DynamoDB table.
 *
 * Items are laid out as aws/dynamodb.h says. Reads by name are strongly consistent. A search by
 * address asks the index for a name and then reads that name consistently, so its answer is never
 * stale; the index itself lags by some seconds. Creation is conditional on the name being absent,
 * replacement on the stored version and address.
 *
 * A call makes at most DYNAMODB_ATTEMPT_COUNT_MAX attempts within its deadline: again after
 * throttling, a server's failure, a broken connection or a reply that fails its checksum, with full
 * jitter; once more with fresh credentials when they were refused, and once more with the server's
 * clock when ours is off. A write whose earlier attempt may have happened is settled here by
 * repeating it (the condition makes that safe) and, when the condition then fails, by reading back
 * and comparing; what cannot be settled in time is ambiguous (store_is_ambiguous).
 *
 * An item of the older layout is refused as such, never read as an account and never overwritten.
 */
#ifndef STORE_DYNAMODB_H
#define STORE_DYNAMODB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "store/store.h"

struct aws_credentials;
struct http_client;

enum {
    DYNAMODB_ATTEMPT_COUNT_MAX = 4,     /* of one call, as the AWS SDKs do */
    DYNAMODB_CALL_COUNT_MAX = 32,       /* calls at once; more wait until their deadline */
    DYNAMODB_REGION_SIZE_MAX = 32,      /* bytes */
    DYNAMODB_TABLE_SIZE_MAX = 255,      /* bytes, the service's limit */
    DYNAMODB_HOST_SIZE_MAX = 255,       /* bytes, a host name with a port */
    DYNAMODB_ATTEMPT_TIMEOUT_MS = 3000, /* one attempt; usual replies take below 20 ms */
};

/* Where AWS credentials come from. Called from any thread, before every attempt: it must be cheap. */
struct dynamodb_credentials {
    status (*get)(void *context, int64_t deadline_ms, struct aws_credentials *credentials);
    /* Says that the service refused what `get` gave last: it is to give newer ones. */
    void (*refuse)(void *context);
    void *context;
};

/* All texts are copied by the open. */
struct dynamodb_config {
    const char *region; /* of the signature's scope */
    const char *table;
    const char *host;         /* the Host header: dynamodb.REGION.amazonaws.com */
    struct http_client *http; /* to that host; outlives the store */
    struct dynamodb_credentials credentials;
    bool
        trusts_date; /* the connection is TLS: a reply's Date may correct the clock of signatures */
};

/* The memory of one call under way. */
struct dynamodb_call {
    struct arena arena;
    bool is_taken;
};

/* `{0}` is closed. Must not move while open. */
struct dynamodb_store {
    struct dynamodb_config config;
    char region[DYNAMODB_REGION_SIZE_MAX + 1];
    char table[DYNAMODB_TABLE_SIZE_MAX + 1];
    char host[DYNAMODB_HOST_SIZE_MAX + 1];
    struct dynamodb_call calls[DYNAMODB_CALL_COUNT_MAX];
    pthread_mutex_t lock; /* guards all below and every is_taken */
    pthread_cond_t returned;
    int64_t skew_ms;       /* added to our wall clock before signing */
    unsigned retry_tokens; /* a retry costs some, a success gives some back */
    bool is_open;
};

/* Sends nothing. BAD_INPUT for texts that cannot be what they are for; UNAVAILABLE without memory. */
MUST_CHECK status dynamodb_store_open(struct dynamodb_store *dynamodb,
                                      const struct dynamodb_config *config);
/* No call may be under way. */
void dynamodb_store_close(struct dynamodb_store *dynamodb);

/* The port, valid while `dynamodb` is open. */
struct store dynamodb_store_port(struct dynamodb_store *dynamodb);

#endif
