/*
 * record: the layout of the sealed record ENW1, in which an account's private key rests outside
 * the enclave.
 *
 *   0   4  "ENW1"    4 1 format=1    5 1 kind    6 1 suite=1    7 1 key scope    8 4 flags
 *   12  4  seal epoch    16 32 account id    48 20 address    68 4 curve
 *   72  8  version    80 8 created ms    88 8 sealed ms    96 32 hash of the KMS key
 *   128 32 SHA-256 of the policy    160 32 SHA-256 of the previous record or zero
 *   192 32 salt    224 32 commit    256 2 edk size  258 2 policy size  260 2 sealed size  262 2 zero
 *   264 .. policy | edk | sealed (AES-256-GCM ciphertext and tag)        nothing before, between, after
 *
 * Every byte is authenticated once the record is opened (wallet/seal): those before the salt through
 * the derived keys, the rest as associated data. Until then nothing that is read here is proven.
 * What is supported now: kind 1 (account), suite 1, key scope 1 (one data key a record), curve 1
 * (secp256k1), the six named flags, and a plaintext without HMAC credentials. Everything else is
 * refused.
 *
 * Specification: docs/PROTOCOL.md, sealed record.
 */
#ifndef WALLET_RECORD_H
#define WALLET_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "eth/address.h"
#include "wallet/data_key.h"

enum {
    RECORD_HEADER_SIZE = 264,
    RECORD_EDK_SIZE_MAX = 6144,     /* KMS's bound of a CiphertextBlob; ours have about 184 */
    RECORD_POLICY_SIZE_MAX = 16384, /* no policy yet: the size is 0 when we seal */
    RECORD_PLAINTEXT_SIZE = 36,     /* version, HMAC count, zeros, private key */
    RECORD_SEALED_SIZE = RECORD_PLAINTEXT_SIZE + AEAD_TAG_SIZE,
    RECORD_SIZE_MAX =
        RECORD_HEADER_SIZE + RECORD_POLICY_SIZE_MAX + RECORD_EDK_SIZE_MAX + RECORD_SEALED_SIZE,
};

enum record_flag {
    RECORD_IMPORTED = 1 << 0,
    RECORD_EXPORTABLE = 1 << 1,
    RECORD_FROZEN = 1 << 2,
    RECORD_PENDING = 1 << 3,
    RECORD_FROM_LEGACY = 1 << 4,
    RECORD_USES_ORG_POLICY = 1 << 5,
    RECORD_FLAGS_ALL = (1 << 6) - 1,
};

/* A record's parts. Slices view the record that was read. */
struct record {
    uint32_t flags; /* enum record_flag */
    uint32_t seal_epoch;
    hash32 account_id;
    eth_address address;
    uint64_t version; /* from 1 */
    uint64_t created_ms;
    uint64_t sealed_ms;
    hash32 kms_key_hash; /* wallet/kms_key.h */
    hash32 policy_hash;
    hash32 prev_hash;
    uint8_t salt[DATA_KEY_SALT_SIZE]; /* fresh randomness for each sealing */
    uint8_t commit[DATA_KEY_COMMIT_SIZE];
    slice policy;
    slice edk; /* the data key under the KMS key */

    /* Not inputs of writing. */
    slice head;   /* what keys are derived for: the first DATA_KEY_HEAD_SIZE bytes */
    slice clear;  /* all before the sealed part */
    slice sealed; /* ciphertext and tag */
};

/* Reads a record. BAD_INPUT for a bad shape, with its own sentence for each rule. */
MUST_CHECK status record_read(slice bytes, struct record *record);

/* BAD_INPUT when a field is outside its bounds. */
MUST_CHECK status record_check(const struct record *record);

/*
 * Writing takes two steps, because the commit is derived from the first DATA_KEY_HEAD_SIZE bytes:
 * the head, then what is left before the sealed part. The record must pass record_check.
 */
void record_put_head(const struct record *record, struct builder *output);
void record_put_rest(const struct record *record, struct builder *output);

#endif
