/*
 * kms_stand_in: AWS KMS for one account and region, as far as a wallet uses it.
 *
 * Who calls is decided as AWS does: SigV4 with this region and service, at most five minutes off,
 * a session token that the stand-in's credentials were issued with, and not past its end. What the
 * caller may do is decided by the key's policy. With a Recipient, the attestation document is
 * verified (chain to the stand's root, signature, at most five minutes old), its PCRs become
 * condition keys, and the answer is a CMS envelope for its public key, in the two encodings that
 * KMS writes by turns, and no plaintext.
 *
 * Operations: CreateKey, DescribeKey, GenerateDataKey, Decrypt, Encrypt, GenerateRandom,
 * PutKeyPolicy, GetKeyPolicy. Errors have AWS's names and shapes.
 *
 * Specification: AWS KMS API reference.
 */
#ifndef DEV_KMS_STAND_IN_H
#define DEV_KMS_STAND_IN_H

#include <pthread.h>
#include <stdbool.h>

#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/recipient.h"
#include "dev/kms_keys.h"
#include "dev/stand_server.h"
#include "os/clock.h"

enum {
    KMS_STAND_IN_DOCUMENT_AGE_S = 300, /* how old a document may be */
    KMS_STAND_IN_BLOB_SIZE_MAX = 6144, /* CiphertextBlob, by the API */
    KMS_STAND_IN_RANDOM_SIZE_MAX = 1024,
    KMS_STAND_IN_ROLE_SIZE_MAX = 64,
};

struct kms_stand_in_settings {
    struct kms_keys_settings keys;
    const char *role; /* of the parent: whose credentials these are */
    slice root;       /* DER of the root of attestation documents; must outlive */
    struct secret32 credentials_key;
    struct clock clock;
    /* For QEMU's enclaves alone, whose module does not sign: believe any well-formed document. */
    bool accepts_unsigned_documents;
};

/* `{0}` is closed. Must not move while open. */
struct kms_stand_in {
    struct kms_stand_in_settings settings;
    pthread_mutex_t mutex; /* for what follows */
    struct kms_keys keys;
    struct recipient stranger; /* made when an envelope for another key is asked for */
    bool was_constructed;      /* the encoding used last */
    bool is_open;
};

MUST_CHECK status kms_stand_in_open(const struct kms_stand_in_settings *settings,
                                    struct kms_stand_in *stand_in);
void kms_stand_in_close(struct kms_stand_in *stand_in);

/* The port for stand_server; the stand-in must outlive the server. */
struct stand_service kms_stand_in_service(struct kms_stand_in *stand_in);

#endif
