#include "wallet/keygen.h"

#include <string.h>

#include "runner.h"

static struct {
    struct k256 curve;
    struct aead aead;
    struct signer_rules rules;
    struct signer signer;
    struct secret32 key;
} made;

static bool open_all(void)
{
    static const struct secret32 blinding = {{1}};
    memset(&made, 0, sizeof made);
    made.rules = (struct signer_rules){.kms_key_hashes = {{{0xa1}}, {{0xa2}}},
                                       .kms_key_count = 2,
                                       .epoch = 9,
                                       .epoch_min = 7,
                                       .verification = SIGNER_TWICE};
    made.signer = (struct signer){&made.rules, {&made.curve, &made.aead}};
    made.key = (struct secret32){{0xd0, 1, 2, 3}};
    return expect_ok("curve", k256_open(&made.curve, &blinding)) &&
           expect_ok("aead", aead_open(&made.aead));
}

static void close_all(void)
{
    aead_close(&made.aead);
    k256_close(&made.curve);
}

static struct secret32 secret_of(uint8_t byte)
{
    struct secret32 secret;
    memset(secret.bytes, byte, sizeof secret.bytes);
    return secret;
}

static struct keygen_request new_account(const struct secret32 *nsm_random,
                                         const struct secret32 *kernel_random)
{
    static const uint8_t edk[184] = {7};
    const slice id = runner_hex("00112233445566778899aabbccddeeff"
                                "00112233445566778899aabbccddeeff");
    struct keygen_request request = {.now_ms = 1700000000000,
                                     .kms_key_index = 1,
                                     .edk = slice_of(edk, sizeof edk),
                                     .nsm_random = nsm_random,
                                     .kernel_random = kernel_random,
                                     .salt = {8}};
    memcpy(request.account_id.bytes, id.bytes, id.size);
    return request;
}

static status create(const struct keygen_request *request, struct builder *output,
                     struct keygen_account *created)
{
    struct data_key data_key;
    data_key_init(&data_key, &made.key);
    const status result = keygen_make(&made.signer, request, &data_key, output, created);
    expect_true("its data key is known to be good", data_key.is_checked == status_is_ok(result));
    return result;
}

/* The key by node's hkdfSync over the formula in the header, the rest by ethers 6. */
static void known_account(void)
{
    const struct secret32 nsm_random = secret_of(1), kernel_random = secret_of(2);
    uint8_t memory[1024];
    struct builder output;
    struct keygen_account created;
    struct signer_account account = {0};
    struct intent intent;
    k256_signature signature = {{0}, {0}, 9};
    if (!open_all()) return;
    const struct keygen_request request = new_account(&nsm_random, &kernel_random);
    builder_init(&output, memory, sizeof memory);
    if (!expect_ok("create", create(&request, &output, &created))) return;
    expect_hex("address", slice_of(created.address.bytes, 20),
               "5a95815b6aa842b6b0e1fd9e62ec74c1ee8638b9");
    expect_hex("public key", slice_of(created.public_key.bytes, 64),
               "acc9ae421aeb1a10077a294043832b07c5c8463dc401e11932da7f3c2c3fe23f"
               "3913787cbded6de7db76b20f3512f7ce1e4f34693e9a4d5546644505b86c511a");
    data_key_init(&account.data_key, &made.key);
    expect_ok("read", signer_read(&made.signer, created.record, request.account_id, &account));
    expect_u64("pinned key", account.kms_key_index, 1);
    expect_u64("epoch", account.record.seal_epoch, 9);
    expect_u64("flags", account.record.flags, 0);
    expect_u64("version", account.record.version, 1);
    expect_u64("created", account.record.created_ms, 1700000000000);
    expect_u64("sealed", account.record.sealed_ms, 1700000000000);
    expect_u64("no policy", account.record.policy.size, 0);
    expect_ok("intent", intent_read(INTENT_MESSAGE, slice_text("hello"), NULL, &intent));
    expect_ok("sign", signer_sign(&made.signer, &account, &intent, &signature));
    expect_hex("r", slice_of(signature.r, 32),
               "10fb98146f0c0596fab6dcab8de3a8ed2a232bc22c09af40d71d2b198021018e");
    close_all();
}

/* Either source and the account's id make another key. */
static void sources(void)
{
    eth_address addresses[4];
    if (!open_all()) return;
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        const struct secret32 nsm_random = secret_of(i == 1 ? 9 : 1);
        const struct secret32 kernel_random = secret_of(i == 2 ? 9 : 2);
        uint8_t memory[1024];
        struct builder output;
        struct keygen_account created = {0};
        struct keygen_request request = new_account(&nsm_random, &kernel_random);
        if (i == 3) request.account_id.bytes[0] = 1;
        builder_init(&output, memory, sizeof memory);
        expect_ok("create", create(&request, &output, &created));
        addresses[i] = created.address;
        for (size_t k = 0; k < i; k++) {
            runner_row_at("source", i);
            expect_true("another address", !address_equal(addresses[i], addresses[k]));
        }
    }
    close_all();
}

static void refused_accounts(void)
{
    const struct secret32 one = secret_of(1), two = secret_of(2), zero = {{0}};
    uint8_t memory[1024];
    struct builder output;
    struct keygen_account created;
    if (!open_all()) return;
    builder_init(&output, memory, sizeof memory);
    struct keygen_request request = new_account(&one, &two);
    request.kms_key_index = 2;
    expect_refused("no such key", create(&request, &output, &created),
                   "keygen: there is no such pinned KMS key");
    request = new_account(&zero, &two);
    expect_refused("no NSM randomness", create(&request, &output, &created),
                   "keygen: randomness is not random");
    request = new_account(&one, &zero);
    expect_refused("no kernel randomness", create(&request, &output, &created),
                   "keygen: randomness is not random");
    request = new_account(&one, &one);
    const status got = create(&request, &output, &created);
    expect_refused("one source twice", got, "keygen: randomness is not random");
    expect_kind("one source twice", got, FAILURE_INTERNAL);
    request = new_account(&one, &two);
    request.edk.size = 0;
    expect_refused("no EDK", create(&request, &output, &created),
                   "record: encrypted data key has a size out of bounds");
    request = new_account(&one, &two);
    builder_init(&output, memory, 499);
    expect_refused("no room", create(&request, &output, &created), "builder: result does not fit");
    builder_init(&output, memory, 500);
    expect_ok("room", create(&request, &output, &created));
    close_all();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known account", known_account},
        {"sources", sources},
        {"refused accounts", refused_accounts},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
