/*
 * fake_dynamodb: a table with one item, behind HTTP on a Unix socket, that fails as told.
 *
 * It answers GetItem and PutItem (with our two conditions) as the service does. Faults are a queue:
 * each request takes one off its front, and says whether the request is carried out all the same.
 */
#ifndef UNIT_STORE_FAKE_DYNAMODB_H
#define UNIT_STORE_FAKE_DYNAMODB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/http_client.h"
#include "store/dynamodb_client.h"

enum { FAKE_FAULT_COUNT_MAX = 8, FAKE_SEEN_COUNT_MAX = 32, FAKE_NO_CUT = -1 };

enum fake_kind {
    FAKE_NORMAL,  /* the answer that belongs there, but for the fields below */
    FAKE_ERROR,   /* `code` and `name` */
    FAKE_RAW,     /* `text` instead of an HTTP reply */
    FAKE_BODY,    /* 200 with `text` as its body */
    FAKE_CUT,     /* the first `cut_size` bytes of the normal reply, then the end */
    FAKE_SILENCE, /* no answer for `delay_ms`, then the end */
};

struct fake_fault {
    enum fake_kind kind;
    bool is_not_carried_out; /* the request changes nothing */
    bool puts_rival;         /* before this request another writer takes the name */
    unsigned code;
    const char *name;
    const char *text;
    const char *checksum; /* instead of the right one; "none": no such header */
    size_t cut_size;
    int64_t delay_ms;
    int64_t date_s;          /* of the Date header; 0: none */
    const char *retry_after; /* header, or NULL */
};

/* What a request looked like. */
struct fake_seen {
    char operation[48];
    char signed_at[24];
    char access_key_id[32];
    int64_t at_ms; /* monotonic */
};

/* Starts serving in a thread; `http` is to be used by the store under test. */
void fake_dynamodb_open(struct http_client *http);
void fake_dynamodb_close(struct http_client *http);

/* Forgets the item, what was seen and old faults, and queues these. */
void fake_dynamodb_reset(const struct fake_fault *faults, size_t count);
/* Queues one more fault. */
void fake_dynamodb_add(const struct fake_fault *fault);

size_t fake_dynamodb_seen_count(void);
struct fake_seen fake_dynamodb_seen(size_t index);
/* The size of the last reply that was sent whole. */
size_t fake_dynamodb_reply_size(void);
/* The item kept, as JSON; empty when there is none. */
slice fake_dynamodb_item(void);
/* Keeps this item (JSON), as if somebody had put it. */
void fake_dynamodb_keep(const char *item);

/* A configuration for the store under test, with credentials that say how often they were refused. */
struct dynamodb_config fake_dynamodb_config(struct http_client *http);
size_t fake_dynamodb_refused_count(void);
/* Makes the credentials' source fail, or work again. */
void fake_dynamodb_credentials_fail(bool is_failing);

#endif
