/*
 * account: the sealed record ENW1, in which an account's private key rests outside the enclave.
 *
 *   0   4  "ENW1"    4 1 format=1    5 1 kind    6 1 suite=1    7 1 key scope    8 4 flags
 *   12  4  seal epoch    16 32 account id    48 20 address    68 4 curve
 *   72  8  record version    80 8 created ms    88 8 sealed ms    96 32 hash of the KMS key
 *   128 32 SHA-256 of the policy    160 32 SHA-256 of the previous record or zero
 *   192 32 salt    224 32 commit    256 2 edk size  258 2 policy size  260 2 sealed size  262 2 zero
 *   264 .. policy | edk | sealed (AES-256-GCM ciphertext and tag)        nothing before, between, after
 *
 * Every byte is authenticated: those before the salt through the derived keys, the rest as
 * associated data. What is supported now: kind 1 (account), suite 1, key scope 1 (one data key a
 * record), curve 1 (secp256k1), the six named flags, and a plaintext without HMAC credentials.
 * Everything else is refused.
 *
 * Unsealing fails with one sentence whatever the cause, so that nobody learns which check failed.
 *
 * Specification: docs/PROTOCOL.md, sealed record.
 */
#ifndef WALLET_ACCOUNT_H
#define WALLET_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/k256.h"
#include "eth/address.h"
#include "wallet/data_key.h"

enum {
    ACCOUNT_HEADER_SIZE = 264,
    ACCOUNT_EDK_SIZE_MAX = 6144,     /* KMS's bound of a CiphertextBlob; ours have about 184 */
    ACCOUNT_POLICY_SIZE_MAX = 16384, /* no policy yet: the size is 0 when we seal */
    ACCOUNT_PLAINTEXT_SIZE = 36,     /* version, HMAC count, zeros, private key */
    ACCOUNT_SEALED_SIZE = ACCOUNT_PLAINTEXT_SIZE + AEAD_TAG_SIZE,
    ACCOUNT_RECORD_SIZE_MAX =
        ACCOUNT_HEADER_SIZE + ACCOUNT_POLICY_SIZE_MAX + ACCOUNT_EDK_SIZE_MAX + ACCOUNT_SEALED_SIZE,
};

enum account_flag {
    ACCOUNT_IMPORTED = 1 << 0,
    ACCOUNT_EXPORTABLE = 1 << 1,
    ACCOUNT_FROZEN = 1 << 2,
    ACCOUNT_PENDING = 1 << 3,
    ACCOUNT_FROM_LEGACY = 1 << 4,
    ACCOUNT_USES_ORG_POLICY = 1 << 5,
    ACCOUNT_FLAGS_ALL = (1 << 6) - 1,
};

/* What one thread opens and seals with: the curve may be shared, the aead not. */
struct account_tools {
    const struct k256 *curve;
    struct aead *aead;
};

/* What a record says in clear. Slices view the record. */
struct account {
    uint32_t flags; /* enum account_flag */
    uint32_t seal_epoch;
    hash32 account_id;
    eth_address address;
    uint64_t record_version; /* from 1 */
    uint64_t created_ms;
    uint64_t sealed_ms;
    hash32 kms_key_hash; /* wallet/kms_key.h */
    hash32 prev_hash;
    uint8_t salt[DATA_KEY_SALT_SIZE]; /* fresh randomness for each sealing */
    slice policy;
    slice edk;    /* the data key under the KMS key */
    slice record; /* the whole; not an input of sealing */
};

/*
 * Reads a record's clear part. It proves nothing yet: unsealing does.
 *
 * BAD_INPUT for a bad shape, with its own sentence for each rule.
 */
MUST_CHECK status account_read(slice record, struct account *account);

/*
 * Opens the record's private key. `data_key` keeps what it derives.
 *
 * CORRUPT with one sentence when the data key is not the record's or any bit of the record has
 * changed. The key is then in [1, n-1] but not compared with the address: account_check_address
 * does, or the recovery of a signature.
 */
MUST_CHECK status account_unseal(const struct account *account, const struct account_tools *tools,
                                 struct data_key *data_key, struct secret32 *private_key);

/* CORRUPT unless the private key's address is the record's. */
MUST_CHECK status account_check_address(const struct account *account, const struct k256 *curve,
                                        const struct secret32 *private_key);

/* What is sealed, and under which key. */
struct account_secrets {
    const struct secret32 *private_key;
    struct data_key *data_key; /* keeps what it derives */
};

/*
 * Appends the record of an account and opens it again as a check; `record` views what was
 * appended. A salt must never be used twice with one data key.
 *
 * BAD_INPUT when a field is outside its bounds or the key does not give the address; CORRUPT when
 * the data key is all zeros; OVER_LIMIT when the builder has no room; INTERNAL when the new record
 * does not open.
 */
MUST_CHECK status account_seal(const struct account *account, const struct account_tools *tools,
                               const struct account_secrets *secrets, struct builder *output,
                               slice *record);

#endif
