/*
 * dynamodb_client: one call to DynamoDB: signed, sent, checked, and repeated within bounds.
 *
 * A call makes at most DYNAMODB_ATTEMPT_COUNT_MAX attempts within its deadline: again after
 * throttling, a server's failure, a broken connection or a reply that is not whole (its checksum,
 * for a write also its JSON), after a random wait that doubles. All calls together draw on one
 * bucket of retry tokens, so a service in trouble is not met with a storm. Once more, and at once,
 * when credentials were refused (with newer ones) and when our clock is off (with the service's).
 *
 * Whether a write that failed may have happened is told beside the failure.
 */
#ifndef STORE_DYNAMODB_CLIENT_H
#define STORE_DYNAMODB_CLIENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "aws/dynamodb.h"
#include "aws/error.h"
#include "aws/sigv4.h"
#include "base/arena.h"
#include "base/status.h"
#include "http/message.h"

struct http_client;

enum {
    DYNAMODB_ATTEMPT_COUNT_MAX = 4,     /* of one call, as the AWS SDKs do for DynamoDB */
    DYNAMODB_ATTEMPT_TIMEOUT_MS = 3000, /* one attempt; usual replies take below 20 ms */
    DYNAMODB_CALL_COUNT_MAX = 32,       /* calls at once; more wait until their deadline */
    DYNAMODB_BACKOFF_MS = 25,           /* longest first wait; doubles with each attempt */
    DYNAMODB_THROTTLED_BACKOFF_MS = 1000,
    DYNAMODB_BACKOFF_MS_MAX = 20 * 1000,
    DYNAMODB_RETRY_AFTER_MS_MAX = 5000, /* how much longer the service may make us wait */
    DYNAMODB_RETRY_TOKENS = 500,        /* in a full bucket */
    DYNAMODB_RETRY_COST = 14,
    DYNAMODB_THROTTLED_RETRY_COST = 5,
    DYNAMODB_SKEW_MS_MAX = 4 * 60 * 1000, /* a clock off by less is not why a call was refused */
    DYNAMODB_TABLE_SIZE_MIN = 3,          /* bytes, the service's limits */
    DYNAMODB_TABLE_SIZE_MAX = 255,
    DYNAMODB_HOST_SIZE_MAX = 255,           /* bytes, a host name with a port */
    DYNAMODB_REPLY_SIZE_MAX = 160 * 1024,   /* a reply with one item, head included */
    DYNAMODB_ITEM_MEMORY_SIZE = 256 * 1024, /* of a call about one item: its blobs, in base64 too */
    DYNAMODB_PAGE_MEMORY_SIZE = 1280 * 1024, /* of a call about a page */
    DYNAMODB_PAGE_REPLY_SIZE_MAX = DYNAMODB_RESPONSE_SIZE_MAX + HTTP_HEAD_SIZE_MAX,
};

/* Where AWS credentials come from. Called from any thread, before every attempt: be quick. */
struct dynamodb_credentials {
    status (*get)(void *context, int64_t deadline_ms, struct aws_credentials *credentials);
    /* Told that the service refused what `get` gave last: it is to give newer ones. */
    void (*refuse)(void *context);
    void *context;
};

/* Texts are copied by the open. */
struct dynamodb_config {
    const char *region; /* of the signature's scope */
    const char *table;
    const char *host;         /* the Host header: dynamodb.REGION.amazonaws.com */
    struct http_client *http; /* to that host; outlives the client */
    struct dynamodb_credentials credentials;
    bool trusts_date; /* the connection is TLS: a reply's Date may correct the signatures' clock */
};

/* The memory of one call under way. */
struct dynamodb_slot {
    struct arena built; /* the request's body, and what is read of the reply */
    struct arena wire;  /* one attempt's bytes */
    struct sigv4_key key;
    bool is_taken;
};

/* `{0}` is closed. Must not move while open. May be used by many threads. */
struct dynamodb_client {
    struct http_client *http;
    struct dynamodb_credentials credentials;
    bool trusts_date;
    char region[SIGV4_REGION_SIZE_MAX + 1];
    char table[DYNAMODB_TABLE_SIZE_MAX + 1];
    char host[DYNAMODB_HOST_SIZE_MAX + 1];
    struct dynamodb_slot slots[DYNAMODB_CALL_COUNT_MAX];
    pthread_mutex_t lock; /* guards all below, and every is_taken */
    pthread_cond_t returned;
    int64_t skew_ms; /* added to our wall clock when signing */
    unsigned retry_tokens;
    bool is_open;
};

/* Sends nothing. BAD_INPUT for texts that cannot be what they are for; UNAVAILABLE without memory. */
MUST_CHECK status dynamodb_client_open(struct dynamodb_client *client,
                                       const struct dynamodb_config *config);
/* No call may be under way. */
void dynamodb_client_close(struct dynamodb_client *client);

/* Where its calls go; views of the client. */
struct dynamodb_target dynamodb_client_target(const struct dynamodb_client *client);

/* A call under way: its memory, and until when. `{0}` is closed. */
struct dynamodb_call {
    struct dynamodb_client *client;
    struct dynamodb_slot *slot;
    struct builder memory; /* for requests, and for what is read of replies */
    int64_t deadline_ms;
};

/* Waits for memory, of which `memory_size` is used. UNAVAILABLE at the deadline. */
MUST_CHECK status dynamodb_call_open(struct dynamodb_client *client, size_t memory_size,
                                     int64_t deadline_ms, struct dynamodb_call *call);
void dynamodb_call_close(struct dynamodb_call *call);

/* One request and what came of it. */
struct dynamodb_exchange {
    struct http_request request;
    bool is_write;
    bool is_page;           /* the reply may be as long as a page */
    slice body;             /* out: of the reply, valid until the next send of this call */
    bool may_have_happened; /* out: a write failed, and yet an attempt may have been carried out */
    struct aws_error error; /* out: the service's refusal, when that was the failure */
};

/*
 * Sends the request. CONFLICT when its condition does not hold (and then `may_have_happened` says
 * that an attempt of our own may be the reason); UNAVAILABLE when there is no good answer; INTERNAL
 * for what the service refuses otherwise. No other kind of failure.
 */
MUST_CHECK status dynamodb_call_send(struct dynamodb_call *call,
                                     struct dynamodb_exchange *exchange);

#endif
