/*
 * keygen: makes an account's key and seals it into its first record.
 *
 * Specification: docs/PROTOCOL.md, CREATE; RFC 5869.
 */
#ifndef WALLET_KEYGEN_H
#define WALLET_KEYGEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/k256.h"
#include "eth/address.h"
#include "wallet/data_key.h"
#include "wallet/signer.h"

/* The account to make. */
struct keygen_request {
    hash32 account_id;
    uint64_t now_ms;                   /* Unix time */
    size_t kms_key_index;              /* the pinned key of its data key */
    slice edk;                         /* the data key under it */
    const struct secret32 *nsm_random; /* two independent sources; either one suffices */
    const struct secret32 *kernel_random;
    uint8_t salt[DATA_KEY_SALT_SIZE]; /* fresh randomness, not of the two above */
};

/* What becomes known of it. */
struct keygen_account {
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
 * BAD_INPUT when a field is outside its bounds, OVER_LIMIT when `output` has no room, INTERNAL when
 * a source of randomness gives zeros or what the other gives.
 */
MUST_CHECK status keygen_make(const struct signer *signer, const struct keygen_request *request,
                              struct data_key *data_key, struct builder *output,
                              struct keygen_account *account);

#endif
