/*
 * kms_policy: key policies as AWS KMS evaluates them, as far as a wallet's key needs.
 *
 * A policy is a list of statements; one that denies and matches decides, else one that allows and
 * matches, else the answer is no. Understood are Effect, Principal {"AWS": …} or "*", Action with
 * wildcards, Resource "*" or the key's ARN, and Condition with StringEquals,
 * StringEqualsIgnoreCase, StringLike, their StringNot… forms, and Null, on
 *
 *   kms:RecipientAttestation:ImageSha384, kms:RecipientAttestation:PCR<n>
 *   kms:EncryptionContext:<name>, kms:CallerAccount, aws:PrincipalArn
 *
 * A condition on an absent key: the plain operators do not match, the StringNot… ones do. Anything
 * else is refused when the policy is put, rather than ignored.
 *
 * Specification: AWS IAM User Guide, "Policy evaluation logic" and "Condition operators"; AWS KMS
 * Developer Guide, "Condition keys for AWS Nitro Enclaves".
 */
#ifndef DEV_KMS_POLICY_H
#define DEV_KMS_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "base/status.h"
#include "nsm/pcr.h"

enum {
    KMS_POLICY_SIZE_MAX = 32 * 1024, /* bytes, KMS's own limit */
    KMS_POLICY_STATEMENT_COUNT_MAX = 64,
    KMS_POLICY_VALUE_COUNT_MAX = 64, /* actions, principals or values in one list */
    KMS_POLICY_PAIR_COUNT_MAX = 32,  /* pairs of encryption context in one call */
};

struct kms_policy_pair {
    slice name;
    slice value;
};

/* Who calls what, and with what. Views. */
struct kms_policy_call {
    slice account;     /* "111122223333" */
    slice role_arn;    /* arn:aws:iam::ACCOUNT:role/NAME */
    slice session_arn; /* arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION */
    slice action;      /* "kms:Decrypt" */
    slice key_arn;
    const struct kms_policy_pair *pairs; /* encryption context */
    size_t pair_count;
    const struct pcr_set *pcrs; /* of a verified document; NULL when there is none */
};

/* BAD_INPUT, with a sentence for each rule, unless all of the policy is understood. */
MUST_CHECK status kms_policy_check(slice policy);

/* DENIED unless the policy allows the call. The policy must have passed kms_policy_check. */
MUST_CHECK status kms_policy_evaluate(slice policy, const struct kms_policy_call *call);

/* True when the text matches a pattern in which '*' is any text and '?' any character. */
bool kms_policy_matches(slice pattern, slice text);

#endif
