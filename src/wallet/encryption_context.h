/*
 * encryption_context: the names and values that KMS binds to a data key and logs at each use.
 *
 *   acct   64 hex digits     app   "enw1"     env   the deployment's name
 *   epoch  decimal           kind  "1"
 *
 * Pairs are in byte order of their names. They come from the measured configuration and the
 * record, and a data key opens only with exactly the context it was made with.
 *
 * Specification: docs/PROTOCOL.md, encryption context.
 */
#ifndef WALLET_ENCRYPTION_CONTEXT_H
#define WALLET_ENCRYPTION_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"

enum {
    ENCRYPTION_CONTEXT_COUNT = 5,
    ENCRYPTION_CONTEXT_ENVIRONMENT_SIZE_MAX = 64,
};

struct encryption_context_pair {
    slice name;
    slice value;
};

/* Whose data key it is, and in which deployment. */
struct encryption_context_subject {
    slice
        environment; /* 1 to ENCRYPTION_CONTEXT_ENVIRONMENT_SIZE_MAX bytes; outlives the context */
    uint32_t epoch;
    hash32 account_id;
};

/* Values view `text`, so the struct is not copied. */
struct encryption_context {
    struct encryption_context_pair pairs[ENCRYPTION_CONTEXT_COUNT];
    uint8_t text[80]; /* the id in hex and the epoch */
};

/* Fills the context of an account's data key. BAD_INPUT when the environment is out of bounds. */
MUST_CHECK status encryption_context_init(struct encryption_context *context,
                                          const struct encryption_context_subject *subject);

#endif
