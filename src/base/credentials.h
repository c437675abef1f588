/*
 * credentials: how long the parts of AWS credentials may be.
 *
 * One set of bounds for all who read them from AWS, carry them to the enclave and sign with them,
 * so that what one accepts no other refuses.
 */
#ifndef BASE_CREDENTIALS_H
#define BASE_CREDENTIALS_H

#include "base/secret.h"

enum {
    CREDENTIALS_ID_SIZE_MAX = 128,     /* of an access key id, IAM's own limit; real ones have 20 */
    CREDENTIALS_SECRET_SIZE_MAX = 256, /* of a secret access key; real ones have 40 */
    /* Of a session token. STS promises no bound; real ones have up to 2 KiB. */
    CREDENTIALS_TOKEN_SIZE_MAX = SECRET_TEXT_SIZE_MAX,
};

#endif
