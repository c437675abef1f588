/*
 * recipients: the RSA key pair that KMS encrypts its answers to, and the attestation document that
 * vouches for it.
 *
 * A pair is made at start and renewed in the background; making one takes up to half a second,
 * which no request ever waits for. A renewed pair stays alive until the last call that uses it has
 * ended. The document of a pair is kept for a few minutes, since KMS refuses old ones and the
 * module takes its time to make one.
 */
#ifndef ENCLAVE_RECIPIENTS_H
#define ENCLAVE_RECIPIENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/recipient.h"
#include "enclave/self.h"
#include "os/clock.h"

enum {
    RECIPIENTS_RENEWAL_MS = 6 * 3600 * 1000,
    RECIPIENTS_DOCUMENT_AGE_MS_MAX = 4 * 60 * 1000, /* KMS refuses documents of about 5 minutes */
    RECIPIENTS_DOCUMENT_SIZE_MAX = 16384,
    RECIPIENTS_COUNT = 2, /* the one in use, and the one before while calls still use it */
};

struct recipients_entry {
    struct recipient recipient;
    size_t use_count; /* calls under way, and 1 for being current */
    size_t document_size;
    int64_t document_at_ms;
    uint8_t document[RECIPIENTS_DOCUMENT_SIZE_MAX];
};

/* `{0}` is closed. Any thread may use it. */
struct recipients {
    const struct self *self;
    struct clock clock;
    pthread_mutex_t mutex;
    struct recipients_entry entries[RECIPIENTS_COUNT];
    struct recipients_entry *current;
    int64_t renewed_at_ms;
    bool is_open;
};

/* Makes the first pair. `self` must outlive it. */
MUST_CHECK status recipients_open(const struct self *self, const struct clock *clock,
                                  struct recipients *recipients);
/* No call may be under way. */
void recipients_close(struct recipients *recipients);

/*
 * Replaces the pair when it is due. Takes up to half a second; for a thread that serves nobody.
 * UNAVAILABLE, and the pair stays, while calls still use the one before it.
 */
MUST_CHECK status recipients_renew(struct recipients *recipients);

/* The pair for one call: open and close in one function. `{0}` is closed. */
struct recipients_use {
    struct recipients *recipients;
    struct recipients_entry *entry;
    const struct recipient *recipient;
    slice document; /* in the arena */
};

/*
 * Takes the current pair with a fresh document. When the kept document is too old, asks the module
 * for a new one; `arena` must have SELF_ARENA_SIZE for that.
 */
MUST_CHECK status recipients_use_open(struct recipients *recipients, struct arena *arena,
                                      struct recipients_use *use);
void recipients_use_close(struct recipients_use *use);

#endif
