#include "wallet/signer.h"

#include <string.h>

#include "eth/eip191.h"
#include "eth/tx_codec.h"

enum {
    SEED_SIZE = 64,
    /* One block is no key once in 2^128; four in a row are a machine that does not work. */
    KEYGEN_BLOCK_COUNT = 4,
};

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

static status check_use(const struct signer_rules *rules, const struct account *account)
{
    REQUIRE(account->seal_epoch >= rules->epoch_min, DENIED,
            "signer: the record's epoch is below the floor of this image");
    REQUIRE((account->flags & ACCOUNT_FROZEN) == 0, DENIED, "signer: the account is frozen");
    REQUIRE((account->flags & ACCOUNT_PENDING) == 0, DENIED,
            "signer: the account is not active yet");
    REQUIRE((account->flags & ACCOUNT_USES_ORG_POLICY) == 0 && account->policy.size == 0, DENIED,
            "signer: the record has a policy, which this image cannot enforce");
    return status_ok();
}

status signer_read(const struct signer *signer, slice record, hash32 account_id,
                   struct signer_account *account)
{
    struct account read;
    size_t kms_key_index;
    TRY(account_read(record, &read));
    REQUIRE(hash32_equal(&read.account_id, &account_id), DENIED,
            "signer: the record is another account's");
    TRY(find_kms_key(signer->rules, &read.kms_key_hash, &kms_key_index));
    TRY(check_use(signer->rules, &read));
    account->account = read;
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
    return result.failure && result.failure == refuse_signature().failure;
}

/*
 * Recovers the key from the signature: its address being the record's proves that the key belongs
 * to the record, and that no fault changed the signature.
 */
static status check_signature(const struct signer *signer, const struct account *account,
                              hash32 digest, const k256_signature *signature)
{
    k256_public_key public_key;
    if (!status_is_ok(k256_recover(signer->tools.curve, signature, digest, &public_key)) ||
        !address_equal(address_of(&public_key), account->address)) {
        return refuse_signature();
    }
    return status_ok();
}

static status sign_digest(const struct signer *signer, struct signer_account *account,
                          hash32 digest, k256_signature *signature)
{
    SCOPED(secret32_wipe) struct secret32 private_key = {0};
    k256_signature made;
    TRY(account_unseal(&account->account, &signer->tools, &account->data_key, &private_key));
    if (!signer->rules->verify_signatures && !account->data_key.is_checked) {
        TRY(account_check_address(&account->account, signer->tools.curve, &private_key));
    }
    TRY(k256_sign(signer->tools.curve, &private_key, digest, &made));
    if (signer->rules->verify_signatures) {
        TRY(check_signature(signer, &account->account, digest, &made));
    }
    account->data_key.is_checked = true;
    *signature = made;
    return status_ok();
}

/* What was understood, written again, must be what was given: nothing unread can be signed. */
static status check_decoded(slice unsigned_bytes, struct arena *arena)
{
    struct tx tx;
    struct builder again;
    TRY(tx_read(unsigned_bytes, &tx));
    builder_init_arena(&again, arena, unsigned_bytes.size);
    TRY(tx_write(&tx, &again));
    REQUIRE(slice_equal(builder_view(&again), unsigned_bytes), INTERNAL,
            "signer: a transaction is not what it was read as");
    return status_ok();
}

status signer_sign_tx(const struct signer *signer, struct signer_account *account,
                      slice unsigned_bytes, struct arena *arena, k256_signature *signature)
{
    TRY(check_decoded(unsigned_bytes, arena));
    return sign_digest(signer, account, tx_signing_hash(unsigned_bytes), signature);
}

status signer_sign_message(const struct signer *signer, struct signer_account *account,
                           slice message, k256_signature *signature)
{
    return sign_digest(signer, account, eip191_hash(message), signature);
}

/* ---- making ---- */

struct material {
    uint8_t seed[SEED_SIZE];
    uint8_t blocks[KEYGEN_BLOCK_COUNT][32];
};

static void wipe(struct material *material)
{
    secret_wipe(material, sizeof *material);
}

static void derive_blocks(const struct signer_new_account *request, struct material *material)
{
    SCOPED(secret32_wipe) struct secret32 pseudorandom_key = {0};
    SCOPED(hmac_sha256_key_wipe) struct hmac_sha256_key key;
    uint8_t memory[14 + sizeof request->account_id.bytes];
    struct builder seed, info;
    builder_init(&seed, material->seed, sizeof material->seed);
    builder_put(&seed, secret_expose(request->nsm_random));
    builder_put(&seed, secret_expose(request->kernel_random));
    builder_init(&info, memory, sizeof memory);
    builder_put_text(&info, "ENW1 keygen v1");
    builder_put(&info, hash32_view(&request->account_id));
    hkdf_sha256_extract(slice_of(NULL, 0), builder_view(&seed), &pseudorandom_key);
    hmac_sha256_key_init(&key, secret_expose(&pseudorandom_key));
    hkdf_sha256_expand(&key, builder_view(&info), material->blocks[0], sizeof material->blocks);
}

static status make_key(const struct signer *signer, const struct signer_new_account *request,
                       struct secret32 *private_key)
{
    SCOPED(wipe) struct material material = {0};
    SCOPED(secret32_wipe) struct secret32 candidate = {0};
    derive_blocks(request, &material);
    for (size_t i = 0; i < KEYGEN_BLOCK_COUNT; i++) {
        memcpy(candidate.bytes, material.blocks[i], sizeof candidate.bytes);
        if (!status_is_ok(k256_check_key(signer->tools.curve, &candidate))) continue;
        *private_key = candidate;
        return status_ok();
    }
    FAIL(INTERNAL, 0, "signer: randomness gives no key");
}

static status check_request(const struct signer_rules *rules,
                            const struct signer_new_account *request)
{
    REQUIRE(request->kms_key_index < rules->kms_key_count, BAD_INPUT,
            "signer: there is no such pinned KMS key");
    /* A source that gives zeros or what the other gives does not work. */
    static const struct secret32 zero = {{0}};
    REQUIRE(!secret_equal(secret_expose(request->nsm_random), secret_expose(&zero)) &&
                !secret_equal(secret_expose(request->kernel_random), secret_expose(&zero)) &&
                !secret_equal(secret_expose(request->nsm_random),
                              secret_expose(request->kernel_random)),
            INTERNAL, "signer: randomness is not random");
    return status_ok();
}

status signer_create(const struct signer *signer, const struct signer_new_account *request,
                     struct data_key *data_key, struct builder *output,
                     struct signer_created *created)
{
    SCOPED(secret32_wipe) struct secret32 private_key = {0};
    struct signer_created made;
    TRY(check_request(signer->rules, request));
    TRY(make_key(signer, request, &private_key));
    TRY(k256_read_public_key(signer->tools.curve, &private_key, &made.public_key));
    made.address = address_of(&made.public_key);
    struct account account = {
        .seal_epoch = signer->rules->epoch,
        .account_id = request->account_id,
        .address = made.address,
        .record_version = 1,
        .created_ms = request->now_ms,
        .sealed_ms = request->now_ms,
        .kms_key_hash = signer->rules->kms_key_hashes[request->kms_key_index],
        .edk = request->edk,
    };
    memcpy(account.salt, request->salt, sizeof account.salt);
    const struct account_secrets secrets = {&private_key, data_key};
    TRY(account_seal(&account, &signer->tools, &secrets, output, &made.record));
    data_key->is_checked = true;
    *created = made;
    return status_ok();
}
