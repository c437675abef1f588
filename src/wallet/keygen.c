#include "wallet/keygen.h"

#include <string.h>

#include "wallet/seal.h"

enum {
    SEED_SIZE = 64,
    /* One block is no key once in 2^128; four in a row are a machine that does not work. */
    KEYGEN_BLOCK_COUNT = 4,
};

struct material {
    uint8_t seed[SEED_SIZE];
    uint8_t blocks[KEYGEN_BLOCK_COUNT][32];
};

static void wipe(struct material *material)
{
    secret_wipe(material, sizeof *material);
}

static void derive_blocks(const struct keygen_request *request, struct material *material)
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

static status make_key(const struct signer *signer, const struct keygen_request *request,
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
    FAIL(INTERNAL, 0, "keygen: randomness gives no key");
}

static status check_request(const struct signer_rules *rules, const struct keygen_request *request)
{
    REQUIRE(request->kms_key_index < rules->kms_key_count, BAD_INPUT,
            "keygen: there is no such pinned KMS key");
    /* A source that gives zeros or what the other gives does not work. */
    static const struct secret32 zero = {{0}};
    REQUIRE(!secret_equal(secret_expose(request->nsm_random), secret_expose(&zero)) &&
                !secret_equal(secret_expose(request->kernel_random), secret_expose(&zero)) &&
                !secret_equal(secret_expose(request->nsm_random),
                              secret_expose(request->kernel_random)),
            INTERNAL, "keygen: randomness is not random");
    return status_ok();
}

status keygen_make(const struct signer *signer, const struct keygen_request *request,
                   struct data_key *data_key, struct builder *output,
                   struct keygen_account *account)
{
    SCOPED(secret32_wipe) struct secret32 private_key = {0};
    struct keygen_account made;
    TRY(check_request(signer->rules, request));
    TRY(make_key(signer, request, &private_key));
    TRY(k256_read_public_key(signer->tools.curve, &private_key, &made.public_key));
    made.address = address_of(&made.public_key);
    struct record record = {
        .seal_epoch = signer->rules->epoch,
        .account_id = request->account_id,
        .address = made.address,
        .version = 1,
        .created_ms = request->now_ms,
        .sealed_ms = request->now_ms,
        .kms_key_hash = signer->rules->kms_key_hashes[request->kms_key_index],
        .edk = request->edk,
    };
    memcpy(record.salt, request->salt, sizeof record.salt);
    const struct seal_secrets secrets = {&private_key, data_key};
    TRY(seal_put(&record, &signer->tools, &secrets, output, &made.record));
    data_key->is_checked = true;
    *account = made;
    return status_ok();
}
