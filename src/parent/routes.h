/*
 * routes: which method and path leads to which handler, and what each needs.
 *
 * One table is the whole API. Paths are compared segment by segment, before percent-decoding, so
 * an encoded slash never splits a name; "{id}" stands for one segment.
 *
 * Specification: docs/API.md.
 */
#ifndef PARENT_ROUTES_H
#define PARENT_ROUTES_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/status.h"

struct request;

/* What happens after a handler has returned. */
enum request_next {
    REQUEST_ANSWERED, /* the answer is there: send it */
    REQUEST_WAITING,  /* the connection is suspended; somebody will resume it */
};

typedef enum request_next (*request_handler)(struct request *request);

enum route_id {
    ROUTE_NONE, /* for what no route matches */
    ROUTE_ACCOUNT_CREATE,
    ROUTE_ACCOUNT_LIST,
    ROUTE_ACCOUNT_SHOW,
    ROUTE_ACCOUNT_PROOF,
    ROUTE_SIGN_TRANSACTION,
    ROUTE_SIGN_MESSAGE,
    ROUTE_ATTESTATION,
    ROUTE_HEALTH,
    ROUTE_READY,
    ROUTE_METRICS,
    ROUTE_OPENAPI,
    ROUTE_COUNT,
};

enum route_guard {
    ROUTE_OPEN,    /* answers everybody */
    ROUTE_TOKEN,   /* needs the bearer token */
    ROUTE_SCRAPED, /* needs it too, unless metrics are declared open */
};

enum route_memory { ROUTE_MEMORY_SMALL, ROUTE_MEMORY_LARGE };

struct route {
    enum route_id id;
    const char *method;
    const char *path;
    const char *label; /* in logs and metrics */
    enum route_guard guard;
    enum route_memory memory; /* what its answer needs; a large body gets large memory anyway */
    bool has_body;
    request_handler handler;
};

struct routes_match {
    const struct route *route; /* the ROUTE_NONE row when nothing matches */
    slice id;                  /* the segment at {id}, still encoded; a view of the path */
    const char *allow;         /* the path exists with these methods only: 405 */
};

/* Finds the route. HEAD is answered as GET. */
void routes_find(slice method, slice path, struct routes_match *match);

/* The route's label. */
const char *routes_label(enum route_id id);

#endif
