/*
 * signer: signs with account keys. Nothing else uses a private key.
 *
 * There is one door, signer_sign, and it takes an intent (wallet/intent): something decoded and
 * understood, never a bare hash. The private key exists only while the call runs and is wiped on
 * every way out.
 *
 * A record whose key does not give its address is CORRUPT: whoever sealed it lied or failed, and
 * nothing was signed. It is compared once for each data key. A signature that is not good under
 * the key that made it is another matter: nonces are deterministic, so one wrong signature is
 * enough to compute the key. Each signature is verified before it leaves; one that fails is
 * INTERNAL and the service must stop: signer_is_fatal says so.
 *
 * Specification: docs/PROTOCOL.md.
 */
#ifndef WALLET_SIGNER_H
#define WALLET_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/k256.h"
#include "wallet/data_key.h"
#include "wallet/intent.h"
#include "wallet/record.h"
#include "wallet/seal.h"

enum { SIGNER_KEY_COUNT_MAX = 8 }; /* pinned KMS keys; a deployment has one or two */

/*
 * How a signature is verified before it leaves; docs/THREATS.md says which fault is caught by what.
 * Whatever is chosen, the first time that a data key is used the signer is recovered as well.
 */
enum signer_verification {
    SIGNER_TWICE,   /* opened and signed twice, on two ways, and compared */
    SIGNER_RECOVER, /* the signer is recovered from each signature */
    SIGNER_OFF,     /* only the first time */
};

/* What the measured configuration says. Filled once, then only read, by any number of threads. */
struct signer_rules {
    hash32 kms_key_hashes[SIGNER_KEY_COUNT_MAX]; /* kms_key_hash of each pinned ARN */
    size_t kms_key_count;
    uint32_t epoch;     /* what new records are sealed with */
    uint32_t epoch_min; /* older records are refused */
    enum signer_verification verification;
};

/* One thread's. */
struct signer {
    const struct signer_rules *rules;
    struct seal_tools tools;
};

/* A record that may be used, and its data key once there is one. */
struct signer_account {
    struct record record;     /* views the record's bytes */
    size_t kms_key_index;     /* which pinned key its data key is under */
    struct data_key data_key; /* the caller fills it from the cache or from KMS */
};

void signer_account_wipe(struct signer_account *account);

/*
 * Reads a record that is to be used as account `account_id`.
 *
 * BAD_INPUT when it is malformed. DENIED when it is another account's, under a key that is not
 * pinned, or one that signer_sign would not use. Nothing of it is proven until it is opened; what
 * is refused here costs no call to KMS.
 */
MUST_CHECK status signer_read(const struct signer *signer, slice record, hash32 account_id,
                              struct signer_account *account);

/*
 * Opens the account and compares its address, and signs nothing: that the data key is its own. CORRUPT
 * when the record does not open. `account->data_key` keeps what it derives, so it is worth keeping.
 */
MUST_CHECK status signer_prove(const struct signer *signer, struct signer_account *account);

/*
 * Opens the account, judges whether it may do this, signs, verifies.
 *
 * DENIED when its epoch is below the floor, when it is frozen, pending, or bound to a policy (none
 * can be enforced yet). CORRUPT when the record does not open. INTERNAL (fatal) when the signature
 * does not verify. `account->data_key` keeps what it derives, so it is worth putting back into the
 * cache.
 */
MUST_CHECK status signer_sign(const struct signer *signer, struct signer_account *account,
                              const struct intent *intent, k256_signature *signature);

/* True for the failure of a signature that did not verify. */
bool signer_is_fatal(status result);

#endif
