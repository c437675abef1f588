/*
 * identity: the root of trust of a local stand, in the place of AWS's.
 *
 * A folder holds a P-384 key (root.key.pem) and its self-signed root certificate (root.pem). The NSM stand-in issues the
 * chain of its documents under it; verifiers (the KMS stand-in, `enw attest`, tests) need only the
 * certificate. The chain has the shape of AWS's: root, regional, zonal, instance, leaf, with the
 * same lifetimes, path lengths and key usages.
 */
#ifndef DEV_IDENTITY_H
#define DEV_IDENTITY_H

#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/es384.h"

enum {
    IDENTITY_CERTIFICATE_SIZE_MAX = 1024, /* bytes of DER, the bound of attestation documents */
    IDENTITY_BUNDLE_COUNT = 4,            /* root, regional, zonal, instance */
    IDENTITY_LEAF_LIFETIME_S = 3 * 3600,
};

/* A certificate. */
struct identity_certificate {
    size_t size;
    uint8_t bytes[IDENTITY_CERTIFICATE_SIZE_MAX];
};

/* The root. `{0}` is closed. */
struct identity {
    struct es384_key key;
    struct identity_certificate certificate;
};

/* What signs documents, and the certificates above it. */
struct identity_leaf {
    struct es384_key key;
    struct identity_certificate certificate;
    struct identity_certificate bundle[IDENTITY_BUNDLE_COUNT]; /* root first */
    int64_t not_after_s;
};

/*
 * Takes the root from a folder, making the folder and what is missing in it first. Several
 * programs may do this at once and get the same root. `now_s` is the current Unix time.
 */
MUST_CHECK status identity_open(const char *folder, int64_t now_s, struct identity *identity);
/* Makes a root that is in no folder, for tests. */
MUST_CHECK status identity_open_new(int64_t now_s, struct identity *identity);
void identity_close(struct identity *identity);

slice identity_certificate_view(const struct identity_certificate *certificate);

/*
 * Issues a new chain with fresh keys, valid from three seconds before `now_s`.
 *
 * `module_id` becomes part of the leaf's name, at most 48 characters.
 */
MUST_CHECK status identity_issue(const struct identity *identity, slice module_id, int64_t now_s,
                                 struct identity_leaf *leaf);
void identity_leaf_close(struct identity_leaf *leaf);

#endif
