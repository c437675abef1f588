/*
 * uri: addresses of HTTP services, and the encoded forms that signatures are made of.
 *
 * Only absolute http and https addresses are read, and only what a client dials and sends is kept:
 * user names, fragments and names outside letters, digits, '-', '.' and '_' are refused. An IPv6
 * address stands in brackets, which are not part of the host.
 *
 * Specification: RFC 3986; canonical forms: AWS Signature Version 4.
 */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    URI_SIZE_MAX = 2048,        /* bytes of a whole address */
    URI_HOST_SIZE_MAX = 253,    /* bytes of a host name, RFC 1035 */
    URI_QUERY_SIZE_MAX = 4096,  /* bytes of a query that is made canonical */
    URI_QUERY_COUNT_MAX = 64,   /* parameters of a query that is made canonical */
    URI_SEGMENT_COUNT_MAX = 64, /* segments of a path that is made canonical */
};

/* Views of the text it was parsed from. */
struct uri {
    bool is_tls; /* https */
    slice host;
    uint16_t port; /* the scheme's own when the text has none */
    slice path;    /* "/" when the text has none; still encoded */
    slice query;   /* without '?'; empty when there is none */
};

/* Splits an address. BAD_INPUT for anything but a plain http or https address. */
MUST_CHECK status uri_parse(slice text, struct uri *uri);

/* Splits a request target, "/path?query". BAD_INPUT unless it begins with a slash. */
MUST_CHECK status uri_parse_target(slice target, slice *path, slice *query);

/* Appends bytes with all but letters, digits and "-._~" as %XX in upper case. */
void uri_put_encoded(struct builder *builder, slice bytes);

/* The same, but slashes stay. */
void uri_put_encoded_path(struct builder *builder, slice path);

/* Appends what encoded text stands for ('+' is itself). BAD_INPUT for a broken %XX. */
MUST_CHECK status uri_put_decoded(struct builder *builder, slice text);

/* Appends the path without empty, "." and ".." segments. OVER_LIMIT. */
MUST_CHECK status uri_put_normal_path(struct builder *builder, slice path);

/*
 * Appends the query in canonical form: each name and value decoded and encoded anew, parameters
 * in order of their encoded names, then values, a name alone as "name=". BAD_INPUT for a broken
 * %XX; OVER_LIMIT.
 */
MUST_CHECK status uri_put_canonical_query(struct builder *builder, slice query);

#endif
