/*
 * data_key: the key that AWS KMS keeps for us, and what it derives for one record.
 *
 *   PRK    = HKDF-Extract-SHA256(salt = record[192..224), key)
 *   K      = HKDF-Expand(PRK, "ENW1 aead key v1"   || record[0..192), 32)
 *   N      = HKDF-Expand(PRK, "ENW1 aead nonce v1" || record[0..192), 12)
 *   commit = HKDF-Expand(PRK, "ENW1 commit v1"     || record[0..192), 32)
 *
 * The derived values are kept beside the key together with the 224 bytes they were derived from,
 * so that opening the same record again derives nothing.
 *
 * Specification: docs/PROTOCOL.md, sealed record; RFC 5869.
 */
#ifndef WALLET_DATA_KEY_H
#define WALLET_DATA_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/aead.h"

enum {
    DATA_KEY_CONTEXT_SIZE = 192, /* the record's fields before its salt */
    DATA_KEY_SALT_SIZE = 32,
    DATA_KEY_HEAD_SIZE = DATA_KEY_CONTEXT_SIZE + DATA_KEY_SALT_SIZE,
    DATA_KEY_COMMIT_SIZE = 32,
};

/* Secret throughout but for `head`. Declare it with SCOPED(data_key_wipe). */
struct data_key {
    struct secret32 key;
    bool is_derived; /* the rest is filled */
    bool is_checked; /* the record with this head opened, and its key gave its address */
    uint8_t head[DATA_KEY_HEAD_SIZE];
    struct secret32 aead_key;
    aead_nonce nonce;
    uint8_t commit[DATA_KEY_COMMIT_SIZE];
};

/* A data key from which nothing is derived yet. */
void data_key_init(struct data_key *data_key, const struct secret32 *key);
void data_key_wipe(struct data_key *data_key);

/*
 * Fills the derived values for a record's first DATA_KEY_HEAD_SIZE bytes; does nothing when they
 * are filled for the same bytes already. A head of another size is our own mistake and asserted.
 */
void data_key_derive(struct data_key *data_key, slice head);

#endif
