/*
 * crafted: records that are well sealed and wrong inside, as only who has the data key can make
 * them. They show that each check of the plaintext and the clear part stands on its own.
 */
#ifndef UNIT_WALLET_CRAFTED_H
#define UNIT_WALLET_CRAFTED_H

#include <string.h>

#include "crypto/aead.h"
#include "runner.h"
#include "wallet/record.h"

/* Seals `plaintext` under derived keys as they are, over a clear part as it is. */
static inline void crafted_seal(uint8_t *record, size_t size, const struct data_key *data_key,
                                const uint8_t plaintext[RECORD_PLAINTEXT_SIZE])
{
    SCOPED(aead_close) struct aead aead = {0};
    const size_t clear_size = size - RECORD_SEALED_SIZE;
    const struct aead_terms terms = {&data_key->aead_key, data_key->nonce,
                                     slice_of(record, clear_size)};
    expect_ok("aead", aead_open(&aead));
    expect_ok("craft", aead_seal(&aead, &terms, slice_of(plaintext, RECORD_PLAINTEXT_SIZE),
                                 record + clear_size));
}

/* The same for a record whose clear part was changed: derives anew and puts the new commit. */
static inline void crafted_reseal(uint8_t *record, size_t size, const struct secret32 *key,
                                  const uint8_t plaintext[RECORD_PLAINTEXT_SIZE])
{
    struct data_key data_key;
    data_key_init(&data_key, key);
    data_key_derive(&data_key, slice_of(record, DATA_KEY_HEAD_SIZE));
    memcpy(record + DATA_KEY_HEAD_SIZE, data_key.commit, DATA_KEY_COMMIT_SIZE);
    crafted_seal(record, size, &data_key, plaintext);
}

#endif
