/*
 * kms_keys: the keys of the KMS stand-in, and the file they are kept in.
 *
 * A key has an id, 32 secret bytes, a description and a policy. The file is JSON, the owner's
 * alone, replaced as a whole whenever something changes:
 *
 *   {"version":1,"keys":[{"id":"<uuid>","material":"<64 hex>","description":"…","policy":"…",
 *                         "created_at":"2026-01-02T03:04:05Z"}]}
 *
 * A ciphertext blob is 4 bytes that say "version 1", the key's id (16), a nonce (12) and AES-256-GCM
 * of the plaintext; the associated data is the key's ARN and the encryption context, sorted.
 */
#ifndef DEV_KMS_KEYS_H
#define DEV_KMS_KEYS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/aead.h"
#include "dev/kms_policy.h"

enum {
    KMS_KEYS_COUNT_MAX = 16,
    KMS_KEYS_DESCRIPTION_SIZE_MAX = 1024,
    KMS_KEYS_ID_SIZE = 36, /* a UUID as text */
    KMS_KEYS_ARN_SIZE_MAX = 128,
    KMS_KEYS_PLAINTEXT_SIZE_MAX = 4096, /* of Encrypt, by the API */
    KMS_KEYS_BLOB_SIZE_MAX = 6144,      /* of CiphertextBlob, by the API */
    KMS_KEYS_FILE_SIZE_MAX = 1024 * 1024,
};

struct kms_key {
    uint8_t id[KMS_KEYS_ID_SIZE];
    struct secret32 material;
    int64_t created_at_s;
    uint8_t description[KMS_KEYS_DESCRIPTION_SIZE_MAX];
    size_t description_size;
    uint8_t policy[KMS_POLICY_SIZE_MAX];
    size_t policy_size;
};

struct kms_keys_settings {
    const char *path; /* NULL: in memory only */
    const char *account;
    const char *region;
};

/* `{0}` is closed. Not for several threads at once: the caller has a lock. */
struct kms_keys {
    struct kms_keys_settings settings;
    struct kms_key list[KMS_KEYS_COUNT_MAX];
    size_t count;
    struct aead aead;
};

/* Reads the file if it is there. */
MUST_CHECK status kms_keys_open(const struct kms_keys_settings *settings, struct kms_keys *keys);
void kms_keys_close(struct kms_keys *keys);

/* Makes a key and keeps it. OVER_LIMIT when there are too many. */
MUST_CHECK status kms_keys_create(struct kms_keys *keys, slice description, slice policy,
                                  int64_t now_s, struct kms_key **key);

/* By id or ARN. NOT_FOUND. */
MUST_CHECK status kms_keys_find(struct kms_keys *keys, slice id_or_arn, struct kms_key **key);

/* Replaces the policy and keeps it. */
MUST_CHECK status kms_keys_put_policy(struct kms_keys *keys, struct kms_key *key, slice policy);

void kms_keys_print_arn(const struct kms_keys *keys, const struct kms_key *key,
                        struct builder *arn);

/* An encryption context. */
struct kms_keys_context {
    struct kms_policy_pair pairs[KMS_POLICY_PAIR_COUNT_MAX];
    size_t count;
};

/* Appends the blob. */
MUST_CHECK status kms_keys_seal(struct kms_keys *keys, const struct kms_key *key,
                                const struct kms_keys_context *context, slice plaintext,
                                struct builder *blob);

/* The key that the blob names. BAD_INPUT when it is no blob, NOT_FOUND without such a key. */
MUST_CHECK status kms_keys_find_blob(struct kms_keys *keys, slice blob, struct kms_key **key);

/* Appends the plaintext. CORRUPT when the blob or the context is not the one sealed. */
MUST_CHECK status kms_keys_unseal(struct kms_keys *keys, const struct kms_key *key,
                                  const struct kms_keys_context *context, slice blob,
                                  struct builder *plaintext);

#endif
