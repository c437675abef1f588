/*
 * sts: AssumeRoleWithWebIdentity of AWS's Security Token Service, by which a Kubernetes service
 * account becomes an IAM role (IRSA).
 *
 * The call is not signed: the token is what it proves itself with, so it goes over TLS only. The
 * answer is XML, read strictly (aws/xml.h).
 *
 * Specification: AWS Security Token Service API Reference, version 2011-06-15.
 */
#ifndef AWS_STS_H
#define AWS_STS_H

#include "aws/credentials.h"
#include "aws/xml.h"
#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"

enum {
    STS_ROLE_ARN_SIZE_MIN = 20, /* the service's own limits, down to STS_TOKEN_SIZE_MAX */
    STS_ROLE_ARN_SIZE_MAX = 2048,
    STS_SESSION_NAME_SIZE_MIN = 2,
    STS_SESSION_NAME_SIZE_MAX = 64,
    STS_TOKEN_SIZE_MIN = 4,
    STS_TOKEN_SIZE_MAX = 20000,
    STS_REGION_SIZE_MAX = 32, /* real ones have up to 14 */
    STS_ADDRESS_SIZE_MAX = 96,
    /* What a build appends at most: each part could need encoding. */
    STS_MEMORY_SIZE_MAX =
        256 + 3 * (STS_ROLE_ARN_SIZE_MAX + STS_SESSION_NAME_SIZE_MAX + STS_TOKEN_SIZE_MAX),
    STS_RESPONSE_SIZE_MAX = XML_SIZE_MAX, /* a read appends as much at most */
};

struct sts_web_identity {
    slice role_arn;
    slice session_name; /* letters, digits and "_+=,.@-" */
    slice token;        /* as the file has it */
};

/* Appends "https://sts.REGION.amazonaws.com". BAD_INPUT for what is no region. */
MUST_CHECK status sts_address_put(slice region, struct builder *address);

/* BAD_INPUT for a role ARN or session name that the service would not take. */
MUST_CHECK status sts_web_identity_check(const struct sts_web_identity *identity);

/*
 * Asks for the role's credentials; `host` is the Host header. The body is appended to `memory`.
 * BAD_INPUT also for a token of a size the service does not take or that is not visible ASCII.
 */
MUST_CHECK status sts_web_identity_build(const struct sts_web_identity *identity, slice host,
                                         struct builder *memory, struct http_request *request);

/*
 * Reads the credentials; texts are appended to `memory`. An error of the service becomes DENIED
 * when IAM or the identity provider refuses, BAD_INPUT when the call is malformed, UNAVAILABLE for
 * everything that may pass (also a token that has expired: its file is renewed); detail: the HTTP
 * code. CORRUPT for what is no answer of this service.
 */
MUST_CHECK status sts_web_identity_read(const struct http_response *response,
                                        struct builder *memory,
                                        struct aws_credentials *credentials);

#endif
