#include "wallet/signer.h"

#include <string.h>

#include "crafted.h"
#include "eth/eip191.h"
#include "eth/tx.h"
#include "runner.h"

enum { ARENA_SIZE = 1 << 17 };

static struct {
    struct k256 curve;
    struct aead aead;
    struct arena arena;
    struct signer_rules rules;
    struct signer signer;
    struct secret32 key;
    struct secret32 private_key;
    hash32 account_id;
    uint8_t memory[1024];
    slice record;
} made;

/* A record of the first test account's key (ac09…), under the first of two pinned KMS keys. */
static bool open_all(void)
{
    static const struct secret32 blinding = {{1}};
    static uint8_t edk[184];
    struct builder output;
    memset(&made, 0, sizeof made);
    if (!expect_ok("curve", k256_open(&made.curve, &blinding)) ||
        !expect_ok("aead", aead_open(&made.aead)) ||
        !expect_ok("arena", arena_open(&made.arena, ARENA_SIZE))) {
        return false;
    }
    made.rules = (struct signer_rules){.kms_key_hashes = {{{0xa1}}, {{0xa2}}},
                                       .kms_key_count = 2,
                                       .epoch = 9,
                                       .epoch_min = 7,
                                       .verify_signatures = true};
    made.signer = (struct signer){&made.rules, {&made.curve, &made.aead}};
    made.key = (struct secret32){{0xd0, 1, 2, 3}};
    made.account_id = (hash32){{5, 5, 5}};
    expect_ok("key", secret32_read(runner_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae7"
                                              "84d7bf4f2ff80"),
                                   &made.private_key));
    struct account account = {.seal_epoch = 8,
                              .account_id = made.account_id,
                              .record_version = 1,
                              .kms_key_hash = made.rules.kms_key_hashes[0],
                              .salt = {3, 3, 3},
                              .edk = slice_of(edk, sizeof edk)};
    expect_ok("address", address_read(runner_hex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
                                      &account.address));
    struct data_key data_key;
    data_key_init(&data_key, &made.key);
    const struct account_secrets secrets = {&made.private_key, &data_key};
    builder_init(&output, made.memory, sizeof made.memory);
    return expect_ok("seal",
                     account_seal(&account, &made.signer.tools, &secrets, &output, &made.record));
}

static void close_all(void)
{
    arena_close(&made.arena);
    aead_close(&made.aead);
    k256_close(&made.curve);
}

static bool read_record(slice record, struct signer_account *account)
{
    data_key_init(&account->data_key, &made.key);
    return expect_ok("read", signer_read(&made.signer, record, made.account_id, account));
}

/* ---- which records may be used ---- */

static const struct {
    const char *name;
    size_t offset; /* of the record's clear part */
    const char *bytes, *refusal;
} uses[] = {
    {"as it is", 0, "454e5731", NULL},
    {"malformed", 0, "00", "account: record must begin with ENW1"},
    {"another account's", 16, "06", "signer: the record is another account's"},
    {"the second pinned key", 96, "a2", NULL},
    {"a key that is not pinned", 96, "a3",
     "signer: the record's KMS key is not pinned in this image"},
    {"another account's by the last byte", 47, "01", "signer: the record is another account's"},
    {"epoch at the floor", 12, "00000007", NULL},
    {"epoch below the floor", 12, "00000006",
     "signer: the record's epoch is below the floor of this image"},
    {"imported, exportable, from legacy", 8, "00000013", NULL},
    {"frozen", 8, "00000004", "signer: the account is frozen"},
    {"pending", 8, "00000008", "signer: the account is not active yet"},
    {"organisation's policy", 8, "00000020",
     "signer: the record has a policy, which this image cannot enforce"},
};

static void use_rows(void)
{
    if (!open_all()) return;
    for (size_t i = 0; i < ARRAY_COUNT(uses); i++) {
        uint8_t changed[1024];
        struct signer_account account = {.kms_key_index = 77};
        runner_row(uses[i].name);
        const slice bytes = runner_hex(uses[i].bytes);
        memcpy(changed, made.record.bytes, made.record.size);
        memcpy(changed + uses[i].offset, bytes.bytes, bytes.size);
        const status got = signer_read(&made.signer, slice_of(changed, made.record.size),
                                       made.account_id, &account);
        if (!expect_outcome("read", got, uses[i].refusal)) continue;
        if (uses[i].refusal) {
            expect_kind("kind", got, uses[i].offset == 0 ? FAILURE_BAD_INPUT : FAILURE_DENIED);
            expect_u64("untouched", account.kms_key_index, 77);
        } else {
            expect_u64("index", account.kms_key_index,
                       uses[i].offset == 96 && bytes.bytes[0] == 0xa2);
        }
    }
    close_all();
}

static void own_policy(void)
{
    uint8_t memory[1024];
    struct builder output;
    slice record = {0};
    struct data_key data_key;
    struct signer_account account;
    if (!open_all()) return;
    data_key_init(&data_key, &made.key);
    const struct account_secrets secrets = {&made.private_key, &data_key};
    struct account with_policy;
    expect_ok("read", account_read(made.record, &with_policy));
    with_policy.policy = slice_text("p");
    builder_init(&output, memory, sizeof memory);
    expect_ok("seal", account_seal(&with_policy, &made.signer.tools, &secrets, &output, &record));
    expect_refused("use", signer_read(&made.signer, record, made.account_id, &account),
                   "signer: the record has a policy, which this image cannot enforce");
    close_all();
}

/* ---- signing ---- */

/* By ethers 6: signMessage("hello") with the same key. */
static const char HELLO_R[] = "f16ea9a3478698f695fd1401bfe27e9e4a7e8e3da94aa72b021125e31fa899cc";
static const char HELLO_S[] = "573c48ea3fe1d4ab61a9db10c19032026e3ed2dbccba5a178235ac27f9450431";

static void known_message(void)
{
    for (int verify = 0; verify <= 1; verify++) {
        struct signer_account account = {0};
        k256_signature signature = {{0}, {0}, 9};
        if (!open_all()) return;
        made.rules.verify_signatures = verify == 1;
        if (!read_record(made.record, &account)) return;
        for (size_t i = 0; i < 3; i++) {
            runner_row_at(verify ? "verified" : "not verified", i);
            expect_ok("sign",
                      signer_sign_message(&made.signer, &account, slice_text("hello"), &signature));
            expect_hex("r", slice_of(signature.r, 32), HELLO_R);
            expect_hex("s", slice_of(signature.s, 32), HELLO_S);
            expect_u64("parity", signature.parity, 1);
            expect_true("known good", account.data_key.is_checked);
        }
        close_all();
    }
}

/* By ethers 6: the transaction "transfer" of tx_test.c. */
static void known_transaction(void)
{
    struct signer_account account = {0};
    k256_signature signature = {{0}, {0}, 9};
    if (!open_all() || !read_record(made.record, &account)) return;
    const slice bytes =
        runner_hex("02df018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080"
                   "c0");
    expect_ok("sign", signer_sign_tx(&made.signer, &account, bytes, &made.arena, &signature));
    expect_hex("r", slice_of(signature.r, 32),
               "56aa91eb27ab258b2a4a6ae017787cc3db60f4cb4cbc72f1d7f415c2a9f05ae9");
    expect_hex("s", slice_of(signature.s, 32),
               "52ac7c26ce00b7204816bc749df87f465e042087c541331e7650604d61bf0fd1");
    expect_u64("parity", signature.parity, 1);
    close_all();
}

static const struct {
    const char *name, *bytes, *refusal;
} bodies[] = {
    {"empty", "", "tx: transaction is empty"},
    {"a bare hash", "f3793e889930a8584bc04aba95f961a865b70ee7c01f9b111a3549e8eff70c33",
     "rlp: item runs past the end of the input"},
    {"an authorization", "05d8019400000000000000000000000000000000000000000102",
     "tx: type 0x05 begins an authorization (EIP-7702), which is no transaction"},
    {"a message", "19457468657265756d205369676e6564204d6573736167653a0a3568656c6c6f",
     "tx: type 0x19 begins a message (EIP-191), which is no transaction"},
    {"typed data", "1901", "tx: type 0x19 begins a message (EIP-191), which is no transaction"},
    {"bytes behind", "02df018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c000",
     "rlp: bytes follow the last item"},
    {"unprotected legacy", "dc050a8252089470997970c51812dc3a010c7d01b50e0d17dc79c80780",
     "tx: a legacy transaction without a chain id is valid on every chain"},
};

static void refused_transactions(void)
{
    struct signer_account account = {0};
    k256_signature signature = {{0}, {0}, 9};
    if (!open_all() || !read_record(made.record, &account)) return;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        runner_row(bodies[i].name);
        expect_refused("sign",
                       signer_sign_tx(&made.signer, &account, runner_hex(bodies[i].bytes),
                                      &made.arena, &signature),
                       bodies[i].refusal);
        expect_u64("untouched", signature.parity, 9);
        expect_true("the record was not opened", !account.data_key.is_derived);
    }
    runner_row("no memory left");
    void *taken;
    expect_ok("take", arena_take(&made.arena, ARENA_SIZE, &taken));
    expect_refused("sign",
                   signer_sign_tx(&made.signer, &account,
                                  runner_hex("02df018001018252089470997970c51812dc3a010c7d01b50e0d"
                                             "17dc79c88080c0"),
                                  &made.arena, &signature),
                   "builder: result does not fit");
    close_all();
}

static void wrong_data_key(void)
{
    struct signer_account account = {0};
    k256_signature signature;
    if (!open_all() || !read_record(made.record, &account)) return;
    account.data_key.key.bytes[0] ^= 1;
    const status got = signer_sign_message(&made.signer, &account, slice_text("hello"), &signature);
    expect_refused("sign", got, "account: record does not open");
    expect_true("not fatal", !signer_is_fatal(got));
    expect_true("not checked", !account.data_key.is_checked);
    expect_true("success is not fatal", !signer_is_fatal(status_ok()));
    close_all();
}

/* A well sealed record whose key is another address's: nothing may leave, whatever is verified. */
static void wrong_address(void)
{
    uint8_t changed[1024], plaintext[ACCOUNT_PLAINTEXT_SIZE] = {1};
    struct signer_account account = {0};
    k256_signature signature = {{0}, {0}, 9};
    if (!open_all()) return;
    memcpy(changed, made.record.bytes, made.record.size);
    memcpy(plaintext + 4, made.private_key.bytes, 32);
    changed[48] ^= 1;
    crafted_reseal(changed, made.record.size, &made.key, plaintext);
    if (!read_record(slice_of(changed, made.record.size), &account)) return;
    const status verified =
        signer_sign_message(&made.signer, &account, slice_text("hello"), &signature);
    expect_refused("verified", verified, "signer: a signature just made does not verify");
    expect_kind("verified", verified, FAILURE_INTERNAL);
    expect_true("fatal", signer_is_fatal(verified));
    made.rules.verify_signatures = false;
    const status unverified =
        signer_sign_message(&made.signer, &account, slice_text("hello"), &signature);
    expect_refused("not verified", unverified, "account: record does not open");
    expect_u64("nothing left", signature.parity, 9);
    close_all();
}

static void wiping(void)
{
    struct signer_account account = {0};
    struct data_key zero;
    memset(&zero, 0, sizeof zero);
    if (!open_all() || !read_record(made.record, &account)) return;
    signer_account_wipe(&account);
    expect_true("data key", memcmp(&account.data_key, &zero, sizeof zero) == 0);
    close_all();
}

/* ---- making ---- */

static struct secret32 secret_of(uint8_t byte)
{
    struct secret32 secret;
    memset(secret.bytes, byte, sizeof secret.bytes);
    return secret;
}

static struct signer_new_account new_account(const struct secret32 *nsm_random,
                                             const struct secret32 *kernel_random)
{
    static const uint8_t edk[184] = {7};
    const slice id = runner_hex("00112233445566778899aabbccddeeff"
                                "00112233445566778899aabbccddeeff");
    struct signer_new_account request = {.now_ms = 1700000000000,
                                         .kms_key_index = 1,
                                         .edk = slice_of(edk, sizeof edk),
                                         .nsm_random = nsm_random,
                                         .kernel_random = kernel_random,
                                         .salt = {8}};
    memcpy(request.account_id.bytes, id.bytes, id.size);
    return request;
}

static status create(const struct signer_new_account *request, struct builder *output,
                     struct signer_created *created)
{
    struct data_key data_key;
    data_key_init(&data_key, &made.key);
    return signer_create(&made.signer, request, &data_key, output, created);
}

/* The key by node's hkdfSync over the formula in the header, the rest by ethers 6. */
static void known_account(void)
{
    const struct secret32 nsm_random = secret_of(1), kernel_random = secret_of(2);
    uint8_t memory[1024];
    struct builder output;
    struct signer_created created;
    struct signer_account account = {0};
    k256_signature signature = {{0}, {0}, 9};
    if (!open_all()) return;
    const struct signer_new_account request = new_account(&nsm_random, &kernel_random);
    builder_init(&output, memory, sizeof memory);
    if (!expect_ok("create", create(&request, &output, &created))) return;
    expect_hex("address", slice_of(created.address.bytes, 20),
               "5a95815b6aa842b6b0e1fd9e62ec74c1ee8638b9");
    expect_hex("public key", slice_of(created.public_key.bytes, 64),
               "acc9ae421aeb1a10077a294043832b07c5c8463dc401e11932da7f3c2c3fe23f"
               "3913787cbded6de7db76b20f3512f7ce1e4f34693e9a4d5546644505b86c511a");
    made.account_id = request.account_id;
    if (!read_record(created.record, &account)) return;
    expect_u64("pinned key", account.kms_key_index, 1);
    expect_u64("epoch", account.account.seal_epoch, 9);
    expect_u64("flags", account.account.flags, 0);
    expect_u64("version", account.account.record_version, 1);
    expect_u64("created", account.account.created_ms, 1700000000000);
    expect_u64("sealed", account.account.sealed_ms, 1700000000000);
    expect_u64("no policy", account.account.policy.size, 0);
    expect_ok("sign", signer_sign_message(&made.signer, &account, slice_text("hello"), &signature));
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
        struct signer_created created = {0};
        struct signer_new_account request = new_account(&nsm_random, &kernel_random);
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
    struct signer_created created;
    if (!open_all()) return;
    builder_init(&output, memory, sizeof memory);
    struct signer_new_account request = new_account(&one, &two);
    request.kms_key_index = 2;
    expect_refused("no such key", create(&request, &output, &created),
                   "signer: there is no such pinned KMS key");
    request = new_account(&zero, &two);
    expect_refused("no NSM randomness", create(&request, &output, &created),
                   "signer: randomness is not random");
    request = new_account(&one, &zero);
    expect_refused("no kernel randomness", create(&request, &output, &created),
                   "signer: randomness is not random");
    request = new_account(&one, &one);
    const status got = create(&request, &output, &created);
    expect_refused("one source twice", got, "signer: randomness is not random");
    expect_kind("one source twice", got, FAILURE_INTERNAL);
    request = new_account(&one, &two);
    request.edk.size = 0;
    expect_refused("no EDK", create(&request, &output, &created),
                   "account: encrypted data key has a size out of bounds");
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
        {"uses", use_rows},
        {"own policy", own_policy},
        {"known message", known_message},
        {"known transaction", known_transaction},
        {"refused transactions", refused_transactions},
        {"wrong data key", wrong_data_key},
        {"wrong address", wrong_address},
        {"wiping", wiping},
        {"known account", known_account},
        {"sources", sources},
        {"refused accounts", refused_accounts},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
