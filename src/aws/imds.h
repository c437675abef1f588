/*
 * imds: EC2 instance metadata, version 2 only.
 *
 * First a token by PUT, then everything else by GET with it. A reply of 401 means that the token
 * is no longer known: get a new one and repeat once (imds_is_token_refused). There is no way back
 * to version 1.
 *
 * Specification: Amazon EC2 User Guide, "Use IMDSv2".
 */
#ifndef AWS_IMDS_H
#define AWS_IMDS_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/builder.h"
#include "base/secret.h"
#include "http/message.h"

enum {
    IMDS_TOKEN_LIFETIME_S = 21600, /* the longest allowed */
    IMDS_TOKEN_RENEW_S = 21595,    /* kept by the caller for at most this long */
    IMDS_TOKEN_SIZE_MAX = 1024,    /* real ones have 56 */
    IMDS_ROLE_SIZE_MAX = 64,       /* IAM's limit for a role's name */
    IMDS_REGION_SIZE_MAX = 32,
    IMDS_MEMORY_SIZE_MAX = 256, /* what a build appends at most */
};

/* "169.254.169.254:80" as an http address is the usual origin; `host` is the Host header. */
MUST_CHECK status imds_token_build(slice host, struct http_request *request);
MUST_CHECK status imds_token_read(const struct http_response *response, struct secret_text *token);

/* Asks for the role's name. `token` must outlive the request. */
MUST_CHECK status imds_role_build(slice host, const struct secret_text *token,
                                  struct http_request *request);
/* The first line; a view of the response. NOT_FOUND when no role is attached. */
MUST_CHECK status imds_role_read(const struct http_response *response, slice *role);

/* Asks for the role's credentials. The path is appended to `memory`. */
MUST_CHECK status imds_credentials_build(slice host, const struct secret_text *token, slice role,
                                         struct builder *memory, struct http_request *request);
MUST_CHECK status imds_credentials_read(const struct http_response *response,
                                        struct aws_credentials *credentials);

/* Asks for the region. */
MUST_CHECK status imds_region_build(slice host, const struct secret_text *token,
                                    struct http_request *request);
MUST_CHECK status imds_region_read(const struct http_response *response, slice *region);

/* True when the reply says that the token is not or no longer known. */
bool imds_is_token_refused(const struct http_response *response);

#endif
