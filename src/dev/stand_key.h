/*
 * stand_key: the stand's KMS key, made the way an operator makes it.
 *
 * It talks to the KMS stand-in over TLS with signed calls, as it would to AWS: credentials come
 * from instance metadata; CreateKey makes the key; once the enclave's configuration with the key's
 * ARN exists and the enclave has been measured, PutKeyPolicy lets exactly that measurement use it.
 */
#ifndef DEV_STAND_KEY_H
#define DEV_STAND_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "base/arena.h"
#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "net/endpoint.h"
#include "net/http_client.h"
#include "net/tls.h"

enum {
    STAND_KEY_ARN_SIZE_MAX = 256,
    STAND_KEY_POLICY_SIZE_MAX = 4096,
    STAND_KEY_MEMORY_SIZE = 256 << 10, /* one call and its reply */
    STAND_KEY_TIMEOUT_MS = 10000,      /* of one call */
};

struct stand_key_settings {
    endpoint imds;
    endpoint kms;
    const char *kms_host;    /* the name in its certificate; outlives the session */
    const char *region;      /* outlives the session */
    const char *environment; /* of the encryption context; outlives the session */
    uint32_t epoch;
    slice roots_pem; /* what its certificate must come from */
};

/* `{0}` is closed. Must not move while open. */
struct stand_key {
    struct stand_key_settings settings;
    struct tls_client tls;
    struct http_client kms;
    struct arena arena;
    struct aws_credentials credentials;
    struct sigv4_key signing_key;
};

/* An ARN as NUL-terminated text. */
typedef struct stand_key_arn {
    char text[STAND_KEY_ARN_SIZE_MAX];
} stand_key_arn;

/* Gets credentials from the metadata service. */
MUST_CHECK status stand_key_open(const struct stand_key_settings *settings,
                                 struct stand_key *session);
void stand_key_close(struct stand_key *session);

/* CreateKey. */
MUST_CHECK status stand_key_create(struct stand_key *session, stand_key_arn *arn);

/* DescribeKey. NOT_FOUND when KMS does not know the key. */
MUST_CHECK status stand_key_check(struct stand_key *session, const stand_key_arn *arn);

/*
 * PutKeyPolicy: the account administers the key; its data keys are only for an enclave whose PCR0
 * is `pcr0`, within our encryption context.
 */
MUST_CHECK status stand_key_put_policy(struct stand_key *session, const stand_key_arn *arn,
                                       const hash48 *pcr0);

#endif
