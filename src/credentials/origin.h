/*
 * origin: the service that a place of credentials asks, over http or https.
 *
 * One connection, exchanges one after the other. Whatever an exchange needs is in the origin's own
 * arena, which who uses it empties after each.
 */
#ifndef CREDENTIALS_ORIGIN_H
#define CREDENTIALS_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/uri.h"
#include "net/endpoint.h"
#include "net/http_client.h"
#include "net/tls.h"
#include "os/clock.h"

enum {
    CREDENTIALS_ORIGIN_HOST_SIZE_MAX = URI_HOST_SIZE_MAX + 9, /* with brackets, port and NUL */
};

/* `{0}` is closed. Must not move while open. Used by one thread at a time. */
struct credentials_origin {
    struct http_client client;
    struct tls_client tls;
    struct arena arena; /* for one exchange */
    char name[URI_HOST_SIZE_MAX + 1];
    char host[CREDENTIALS_ORIGIN_HOST_SIZE_MAX]; /* the Host header */
};

struct credentials_origin_settings {
    struct uri uri;
    const char *ca_file; /* trusted by https (PEM); read at opening */
    endpoint_dialer dial;
    struct clock clock;
    size_t arena_size; /* for the requests, the answers and what is made of them */
};

/* Sends nothing yet. BAD_INPUT for a host name that is too long; as of file.h, tls.h and arena.h. */
MUST_CHECK status credentials_origin_open(struct credentials_origin *origin,
                                          const struct credentials_origin_settings *settings);
void credentials_origin_close(struct credentials_origin *origin);

/*
 * What a fetch of a place that is set comes to: NOT_FOUND (no such file, no such host) becomes
 * UNAVAILABLE, since it would send the chain on to another role.
 */
MUST_CHECK status credentials_origin_settle(status fetched);

#endif
