/*
 * seal: puts a private key into a record and gets it out again. Nothing else does.
 *
 * A record is sealed under keys derived from its data key and its own first 224 bytes, with a salt
 * that is new each time, so one derived key encrypts one message. The record commits to its data
 * key, because AES-GCM by itself does not and the host chooses which key is tried on which record.
 *
 * Opening fails with one sentence whatever the cause, so that nobody learns which check failed.
 *
 * Specification: docs/PROTOCOL.md, sealed record.
 */
#ifndef WALLET_SEAL_H
#define WALLET_SEAL_H

#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/aead.h"
#include "crypto/k256.h"
#include "wallet/data_key.h"
#include "wallet/record.h"

/* What one thread opens and seals with: the curve may be shared, the aead not. */
struct seal_tools {
    const struct k256 *curve;
    struct aead *aead;
};

/*
 * Opens a record that record_read has read. `data_key` keeps what it derives.
 *
 * CORRUPT with one sentence when the data key is not the record's (or all zeros, which KMS never
 * makes) or any bit of the record has changed. The key is then in [1, n-1], but not compared with
 * the address: seal_check_address does.
 */
MUST_CHECK status seal_open(const struct record *record, const struct seal_tools *tools,
                            struct data_key *data_key, struct secret32 *private_key);

/* CORRUPT, with the same sentence, unless the private key's address is the record's. */
MUST_CHECK status seal_check_address(const struct record *record, const struct k256 *curve,
                                     const struct secret32 *private_key);

/* What is sealed, and under which key. */
struct seal_secrets {
    const struct secret32 *private_key;
    struct data_key *data_key; /* keeps what it derives */
};

/*
 * Appends a sealed record; `bytes` views what was appended. Then opens it as anybody else will
 * have to, with keys derived anew: what is sealed under a wrong derived key opens for nobody. Of
 * `record` the policy's hash and the commit are filled in here. A salt must never be used twice
 * with one data key.
 *
 * BAD_INPUT when a field is outside its bounds or the key does not give the address; CORRUPT when
 * the data key is all zeros; OVER_LIMIT when the builder has no room; INTERNAL when the new record
 * does not open.
 */
MUST_CHECK status seal_put(const struct record *record, const struct seal_tools *tools,
                           const struct seal_secrets *secrets, struct builder *output,
                           slice *bytes);

#endif
