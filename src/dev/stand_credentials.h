/*
 * stand_credentials: temporary credentials that the stand-ins issue and check.
 *
 * The metadata stand-in issues, the KMS stand-in checks; all they share is a file with a 32-byte
 * key. From the access key id both derive the secret, and the session token says until when it is
 * good:
 *
 *   id      "ASIA" and 16 characters of base 32
 *   secret  base64(HMAC-SHA256(key, "secret" || id))
 *   token   base64url(u64 expiry || HMAC-SHA256(key, "token" || id || u64 expiry))
 */
#ifndef DEV_STAND_CREDENTIALS_H
#define DEV_STAND_CREDENTIALS_H

#include <stdint.h>

#include "aws/credentials.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    STAND_CREDENTIALS_SEED_SIZE = 10, /* random bytes that become an id */
    STAND_CREDENTIALS_ID_SIZE = 20,
};

/* Reads the key file, which must be the owner's alone. */
MUST_CHECK status stand_credentials_read_key(const char *path, struct secret32 *key);

/* Makes the credentials that belong to these random bytes and this expiry. */
MUST_CHECK status stand_credentials_issue(const struct secret32 *key,
                                          const uint8_t seed[STAND_CREDENTIALS_SEED_SIZE],
                                          int64_t expires_at_s,
                                          struct aws_credentials *credentials);

/*
 * Checks the token that came with an id; delivers the secret and when the token ends, which is
 * the caller's to compare. DENIED when the token was not issued with this key for this id.
 */
MUST_CHECK status stand_credentials_check(const struct secret32 *key, slice id, slice token,
                                          struct aws_credentials *credentials);

#endif
