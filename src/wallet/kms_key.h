/*
 * kms_key: which KMS key a record is bound to.
 *
 * A record carries the hash of the full ARN of the KMS key that its data key is under. A
 * multi-Region key (its id begins with "mrk-") is one key in every Region where it has a replica:
 * of its ARN everything counts but the Region, which is left empty, so that a record sealed in one
 * Region opens in another.
 *
 *   arn:aws:kms:eu-west-1:111122223333:key/1234...   hashed as it is
 *   arn:aws:kms:eu-west-1:111122223333:key/mrk-12... hashed as arn:aws:kms::111122223333:key/mrk-12...
 *
 * Specification: docs/PROTOCOL.md, sealed record.
 */
#ifndef WALLET_KMS_KEY_H
#define WALLET_KMS_KEY_H

#include "base/slice.h"
#include "crypto/digest.h"

/* The hash by which records name the key of this full ARN. */
hash32 kms_key_hash(slice arn);

/* The Region of a full ARN; views it. */
slice kms_key_region(slice arn);

#endif
