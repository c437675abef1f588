#include "wallet/signer.h"

void signer_account_wipe(struct signer_account *account)
{
    data_key_wipe(&account->data_key);
}

/* ---- which records may be used ---- */

static status find_kms_key(const struct signer_rules *rules, const hash32 *kms_key_hash,
                           size_t *index)
{
    for (size_t i = 0; i < rules->kms_key_count; i++) {
        if (!hash32_equal(&rules->kms_key_hashes[i], kms_key_hash)) continue;
        *index = i;
        return status_ok();
    }
    FAIL(DENIED, 0, "signer: the record's KMS key is not pinned in this image");
}

static status judge(const struct signer_rules *rules, const struct record *record)
{
    REQUIRE(record->seal_epoch >= rules->epoch_min, DENIED,
            "signer: the record's epoch is below the floor of this image");
    REQUIRE((record->flags & RECORD_FROZEN) == 0, DENIED, "signer: the account is frozen");
    REQUIRE((record->flags & RECORD_PENDING) == 0, DENIED, "signer: the account is not active yet");
    REQUIRE((record->flags & RECORD_USES_ORG_POLICY) == 0 && record->policy.size == 0, DENIED,
            "signer: the record has a policy, which this image cannot enforce");
    return status_ok();
}

status signer_read(const struct signer *signer, slice record, hash32 account_id,
                   struct signer_account *account)
{
    struct record read;
    size_t kms_key_index;
    TRY(record_read(record, &read));
    REQUIRE(hash32_equal(&read.account_id, &account_id), DENIED,
            "signer: the record is another account's");
    TRY(find_kms_key(signer->rules, &read.kms_key_hash, &kms_key_index));
    TRY(judge(signer->rules, &read));
    account->record = read;
    account->kms_key_index = kms_key_index;
    return status_ok();
}

/* ---- signing ---- */

static status refuse_signature(void)
{
    FAIL(INTERNAL, 0, "signer: a signature just made does not verify");
}

bool signer_is_fatal(status result)
{
    return result.failure == refuse_signature().failure;
}

/* The record's key. Its address is compared the first time that the data key opens this record. */
static status open_key(const struct signer *signer, struct signer_account *account,
                       struct secret32 *private_key)
{
    TRY(seal_open(&account->record, &signer->tools, &account->data_key, private_key));
    if (account->data_key.is_checked) return status_ok();
    TRY(seal_check_address(&account->record, signer->tools.curve, private_key));
    account->data_key.is_checked = true;
    return status_ok();
}

status signer_prove(const struct signer *signer, struct signer_account *account)
{
    SCOPED(secret32_wipe) struct secret32 private_key = {0};
    return open_key(signer, account, &private_key);
}

/*
 * Makes the signature again from the record, with nothing of the first time but the record, the data
 * key and the digest: the key is opened into another buffer and signs under another blinding. A
 * fault in one of the two passes (key, nonce, product, s) makes them differ.
 */
static status check_again(const struct signer *signer, struct signer_account *account,
                          hash32 digest, const k256_signature *signature)
{
    SCOPED(secret32_wipe) struct secret32 private_key = {0};
    k256_signature again;
    if (!status_is_ok(
            seal_open(&account->record, &signer->tools, &account->data_key, &private_key)) ||
        !status_is_ok(k256_sign_again(signer->tools.curve, &private_key, digest, &again)) ||
        !k256_signature_equal(signature, &again)) {
        return refuse_signature();
    }
    return status_ok();
}

/*
 * Recovers the key from the signature. Its address must be the record's, which is that of the key
 * that signed: nothing else than a fault can have changed the signature. It says nothing about the
 * nonce, with any of which a signature is good.
 */
static status check_signer(const struct signer *signer, const struct record *record, hash32 digest,
                           const k256_signature *signature)
{
    k256_public_key public_key;
    if (!status_is_ok(k256_recover(signer->tools.curve, signature, digest, &public_key)) ||
        !address_equal(address_of(&public_key), record->address)) {
        return refuse_signature();
    }
    return status_ok();
}

status signer_sign(const struct signer *signer, struct signer_account *account,
                   const struct intent *intent, k256_signature *signature)
{
    SCOPED(secret32_wipe) struct secret32 private_key = {0};
    const enum signer_verification verification = signer->rules->verification;
    const bool is_first = !account->data_key.is_checked;
    k256_signature made;
    TRY(open_key(signer, account, &private_key));
    TRY(judge(signer->rules, &account->record));
    TRY(k256_sign(signer->tools.curve, &private_key, intent->digest, &made));
    if (verification == SIGNER_TWICE) {
        TRY(check_again(signer, account, intent->digest, &made));
    }
    if (verification == SIGNER_RECOVER || is_first) {
        TRY(check_signer(signer, &account->record, intent->digest, &made));
    }
    *signature = made;
    return status_ok();
}
