/*
 * sigv4: AWS Signature Version 4 in the Authorization header.
 *
 * Signing adds X-Amz-Date, X-Amz-Security-Token and Authorization to a request. All headers that
 * the request has at that moment are signed, so what a proxy may alter is added later or not at
 * all. Time is an argument. The derived signing key is kept in a struct of the caller's and made
 * anew when the day, secret, region or service changes.
 *
 * The other side, for a service that checks signatures, is sigv4_claim_read and sigv4_claim_check.
 *
 * Specification: AWS General Reference, "Signature Version 4 signing process".
 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/builder.h"
#include "crypto/digest.h"
#include "http/message.h"

enum {
    SIGV4_REGION_SIZE_MAX = 32,           /* real ones have up to 14 */
    SIGV4_SERVICE_SIZE_MAX = 32,          /* "dynamodb" has 8 */
    SIGV4_DATE_SIZE = 8,                  /* 20260102 */
    SIGV4_SIGNATURE_SIZE = 64,            /* hex digits */
    SIGV4_CANONICAL_SIZE_MAX = 16 * 1024, /* a request's head, rewritten */
    SIGV4_MEMORY_SIZE_MAX = 2048,         /* what sigv4_sign appends at most */
    SIGV4_SKEW_S_MAX = 300,               /* services accept five minutes either way */
};

/* Where a request goes. The slices must outlive the call only. */
struct sigv4_scope {
    slice region;
    slice service;
};

/* A signing key derived before. `{0}` is empty. One thread uses one. */
struct sigv4_key {
    struct secret32 key;
    hash32 secret_hash;
    uint8_t scope[SIGV4_DATE_SIZE + SIGV4_REGION_SIZE_MAX + SIGV4_SERVICE_SIZE_MAX + 2];
    size_t scope_size; /* 0: empty */
};

/* Who signs, and for what. */
struct sigv4_signer {
    const struct aws_credentials *credentials;
    struct sigv4_scope scope;
    struct sigv4_key *key; /* reused when it fits */
};

void sigv4_key_wipe(struct sigv4_key *key);

/*
 * Signs the request, which must have a Host and no Authorization yet. The texts added are appended
 * to `memory`, which must outlive the request, as must the credentials (the session token's header
 * is a view of them). BAD_INPUT, or OVER_LIMIT when a size above is passed; the request is then
 * of no use.
 */
MUST_CHECK status sigv4_sign(const struct sigv4_signer *signer, int64_t now_s,
                             struct builder *memory, struct http_request *request);

/* What a signed request says about its signature: views of the request. */
struct sigv4_claim {
    slice access_key_id;
    slice date; /* of the scope */
    slice region;
    slice service;
    slice signed_headers;
    slice signature;
    slice session_token; /* empty when there is none */
    int64_t signed_at_s; /* X-Amz-Date */
};

/*
 * Reads the claim. NOT_FOUND when there is no Authorization header, BAD_INPUT when it is not a
 * whole SigV4 one, when X-Amz-Date is absent or of another day than the scope, or when host,
 * x-amz-date or another x-amz-* header present is not signed.
 */
MUST_CHECK status sigv4_claim_read(const struct http_request *request, struct sigv4_claim *claim);

/* DENIED unless the secret makes the claim's signature for the request. */
MUST_CHECK status sigv4_claim_check(const struct sigv4_claim *claim,
                                    const struct http_request *request,
                                    const struct secret_text *secret);

#endif
