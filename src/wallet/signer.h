/*
 * signer: makes account keys and signs with them. Nothing else uses a private key.
 *
 * What is signed was decoded and understood here: a transaction's exact bytes, or a message whose
 * hash begins with its own domain. There is no way to sign a bare hash. The private key exists
 * only while a call runs and is wiped on every way out.
 *
 * Each signature is verified before it leaves by recovering its public key and comparing the
 * address with the record's. Deterministic nonces make one wrong signature enough to compute the
 * key, so a signature that fails is INTERNAL and the service must stop: signer_is_fatal says so.
 * With verification off, the address is compared once for each data key instead.
 *
 * Specification: docs/PROTOCOL.md.
 */
#ifndef WALLET_SIGNER_H
#define WALLET_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/k256.h"
#include "eth/address.h"
#include "wallet/account.h"
#include "wallet/data_key.h"

enum { SIGNER_KEY_COUNT_MAX = 8 }; /* pinned KMS keys; a deployment has one or two */

/* What the measured configuration says. Filled once, then only read, by any number of threads. */
struct signer_rules {
    hash32 kms_key_hashes[SIGNER_KEY_COUNT_MAX]; /* kms_key_hash of each pinned ARN */
    size_t kms_key_count;
    uint32_t epoch;     /* what new records are sealed with */
    uint32_t epoch_min; /* older records are refused */
    bool verify_signatures;
};

/* One thread's. */
struct signer {
    const struct signer_rules *rules;
    struct account_tools tools;
};

/* A record that may be used, and its data key once there is one. */
struct signer_account {
    struct account account;   /* views the record */
    size_t kms_key_index;     /* which pinned key its data key is under */
    struct data_key data_key; /* the caller fills it from the cache or from KMS */
};

void signer_account_wipe(struct signer_account *account);

/*
 * Reads a record that is to be used as account `account_id`.
 *
 * BAD_INPUT when it is malformed. DENIED when it is another account's, under a key that is not
 * pinned, of an epoch below the floor, frozen, pending, or bound to a policy (none can be enforced
 * yet). Nothing of it is proven until a signature succeeds.
 */
MUST_CHECK status signer_read(const struct signer *signer, slice record, hash32 account_id,
                              struct signer_account *account);

/*
 * Signs a transaction given as its exact unsigned bytes. `arena` gives memory for decoding.
 *
 * BAD_INPUT for bytes that are not exactly one transaction we understand (tx_read's sentences,
 * detail enum tx_field), CORRUPT when the record does not open, INTERNAL (fatal) when the
 * signature does not verify. `account->data_key` keeps what it derives, so it is worth putting
 * back into the cache.
 */
MUST_CHECK status signer_sign_tx(const struct signer *signer, struct signer_account *account,
                                 slice unsigned_bytes, struct arena *arena,
                                 k256_signature *signature);

/* The same for a message of any bytes (EIP-191, version 0x45). */
MUST_CHECK status signer_sign_message(const struct signer *signer, struct signer_account *account,
                                      slice message, k256_signature *signature);

/* True for the failure of a signature that does not verify. */
bool signer_is_fatal(status result);

/* What a new account is made of. */
struct signer_new_account {
    hash32 account_id;
    uint64_t now_ms;                   /* Unix time */
    size_t kms_key_index;              /* the pinned key of its data key */
    slice edk;                         /* the data key under it */
    const struct secret32 *nsm_random; /* two independent sources; either one suffices */
    const struct secret32 *kernel_random;
    uint8_t salt[DATA_KEY_SALT_SIZE]; /* fresh randomness, not of the two above */
};

/* What becomes known of it. */
struct signer_created {
    slice record; /* views the builder */
    eth_address address;
    k256_public_key public_key;
};

/*
 * Makes an account: derives its key, seals it under the data key, opens the record again as a
 * check. `data_key` keeps what it derives, so it is worth putting into the cache.
 *
 *   seed = nsm_random || kernel_random
 *   key  = the first 32 bytes of HKDF-SHA256(salt "", seed, "ENW1 keygen v1" || account_id) that
 *          are in [1, n-1], taking 32 after 32
 *
 * BAD_INPUT when a field is outside its bounds, OVER_LIMIT when `output` has no room.
 */
MUST_CHECK status signer_create(const struct signer *signer,
                                const struct signer_new_account *request, struct data_key *data_key,
                                struct builder *output, struct signer_created *created);

#endif
