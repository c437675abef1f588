/*
 * stores: the store that --store names, opened.
 *
 *   sqlite:/path/to/file     the embedded store, one file
 *   dynamodb:TABLE           the production store, in --region
 *   memory:                  forgotten when the process ends, for trying things out
 */
#ifndef PARENT_STORES_H
#define PARENT_STORES_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/http_client.h"
#include "net/tls.h"
#include "store/dynamodb.h"
#include "store/memory.h"
#include "store/sqlite.h"
#include "store/store.h"

enum {
    STORES_MEMORY_COUNT_MAX = 1000, /* accounts of a memory store */
    STORES_HOST_SIZE_MAX = 262,     /* a host name with a port */
    STORES_CONNECTION_COUNT = 32,   /* to DynamoDB: as many as calls at once */
};

struct stores_settings {
    slice store;
    const char *region;            /* NULL: not known */
    const char *dynamodb_endpoint; /* an http or https address; NULL: AWS's own for the region */
    const char *ca_file;           /* roots for it */
    struct dynamodb_credentials credentials;
};

/* At most one of them is open. `{0}` is closed. Must not move while open. */
struct stores {
    struct memory_store memory;
    struct sqlite_store sqlite;
    struct dynamodb_store dynamodb;
    struct http_client http;
    struct tls_client tls;
    struct arena arena;
    char host[STORES_HOST_SIZE_MAX + 1], name[STORES_HOST_SIZE_MAX + 1];
};

/* Opens the store and delivers its port. BAD_INPUT for a text of another form; as of the stores. */
MUST_CHECK status stores_open(struct stores *stores, const struct stores_settings *settings,
                              struct store *port);
void stores_close(struct stores *stores);

#endif
