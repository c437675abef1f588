/*
 * crafted: records that are well sealed and wrong inside, as only who has the data key can make
 * them. They show that each check of the plaintext and the clear part stands on its own.
 */
#ifndef UNIT_WALLET_CRAFTED_H
#define UNIT_WALLET_CRAFTED_H

#include <string.h>

#include "crypto/aead.h"
#include "runner.h"
#include "wallet/account.h"

/* Seals `plaintext` into a record whose clear part was changed: new commit, ciphertext and tag. */
static inline void crafted_reseal(uint8_t *record, size_t size, const struct secret32 *key,
                                  const uint8_t plaintext[ACCOUNT_PLAINTEXT_SIZE])
{
    SCOPED(aead_close) struct aead aead = {0};
    struct data_key data_key;
    data_key_init(&data_key, key);
    data_key_derive(&data_key, slice_of(record, DATA_KEY_HEAD_SIZE));
    memcpy(record + DATA_KEY_HEAD_SIZE, data_key.commit, DATA_KEY_COMMIT_SIZE);
    const size_t before_size = size - ACCOUNT_SEALED_SIZE;
    const struct aead_terms terms = {&data_key.aead_key, data_key.nonce,
                                     slice_of(record, before_size)};
    expect_ok("aead", aead_open(&aead));
    expect_ok("craft", aead_seal(&aead, &terms, slice_of(plaintext, ACCOUNT_PLAINTEXT_SIZE),
                                 record + before_size));
}

#endif
