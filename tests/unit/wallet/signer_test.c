#include "wallet/signer.h"

#include <string.h>

#include "crafted.h"
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
                                       .verification = SIGNER_TWICE};
    made.signer = (struct signer){&made.rules, {&made.curve, &made.aead}};
    made.key = (struct secret32){{0xd0, 1, 2, 3}};
    made.account_id = (hash32){{5, 5, 5}};
    expect_ok("key", secret32_read(runner_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae7"
                                              "84d7bf4f2ff80"),
                                   &made.private_key));
    struct record account = {.seal_epoch = 8,
                             .account_id = made.account_id,
                             .version = 1,
                             .kms_key_hash = made.rules.kms_key_hashes[0],
                             .salt = {3, 3, 3},
                             .edk = slice_of(edk, sizeof edk)};
    expect_ok("address", address_read(runner_hex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
                                      &account.address));
    struct data_key data_key;
    data_key_init(&data_key, &made.key);
    const struct seal_secrets secrets = {&made.private_key, &data_key};
    builder_init(&output, made.memory, sizeof made.memory);
    return expect_ok("seal",
                     seal_put(&account, &made.signer.tools, &secrets, &output, &made.record));
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

static status sign_hello(struct signer_account *account, k256_signature *signature)
{
    struct intent intent;
    TRY(intent_read(INTENT_MESSAGE, slice_text("hello"), &made.arena, &intent));
    return signer_sign(&made.signer, account, &intent, signature);
}

/* ---- which records may be used ---- */

static const struct {
    const char *name;
    size_t offset; /* of the record's clear part */
    const char *bytes, *refusal;
} uses[] = {
    {"as it is", 0, "454e5731", NULL},
    {"malformed", 0, "00", "record: must begin with ENW1"},
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
    {"frozen and imported", 8, "00000005", "signer: the account is frozen"},
    {"pending", 8, "00000008", "signer: the account is not active yet"},
    {"pending and imported", 8, "00000009", "signer: the account is not active yet"},
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
    const struct seal_secrets secrets = {&made.private_key, &data_key};
    struct record with_policy;
    expect_ok("read", record_read(made.record, &with_policy));
    with_policy.policy = slice_text("p");
    builder_init(&output, memory, sizeof memory);
    expect_ok("seal", seal_put(&with_policy, &made.signer.tools, &secrets, &output, &record));
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
        made.rules.verification = verify == 1 ? SIGNER_TWICE : SIGNER_OFF;
        if (!read_record(made.record, &account)) return;
        for (size_t i = 0; i < 3; i++) {
            runner_row_at(verify ? "verified" : "not verified", i);
            expect_ok("sign", sign_hello(&account, &signature));
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
    struct intent intent;
    k256_signature signature = {{0}, {0}, 9};
    if (!open_all() || !read_record(made.record, &account)) return;
    const slice bytes =
        runner_hex("02df018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080"
                   "c0");
    expect_ok("intent", intent_read(INTENT_TRANSACTION, bytes, &made.arena, &intent));
    expect_ok("sign", signer_sign(&made.signer, &account, &intent, &signature));
    expect_hex("r", slice_of(signature.r, 32),
               "56aa91eb27ab258b2a4a6ae017787cc3db60f4cb4cbc72f1d7f415c2a9f05ae9");
    expect_hex("s", slice_of(signature.s, 32),
               "52ac7c26ce00b7204816bc749df87f465e042087c541331e7650604d61bf0fd1");
    expect_u64("parity", signature.parity, 1);
    close_all();
}

static void wrong_data_key(void)
{
    struct signer_account account = {0};
    k256_signature signature;
    if (!open_all() || !read_record(made.record, &account)) return;
    account.data_key.key.bytes[0] ^= 1;
    const status got = sign_hello(&account, &signature);
    expect_refused("sign", got, "record: does not open");
    expect_true("not fatal", !signer_is_fatal(got));
    expect_true("not checked", !account.data_key.is_checked);
    expect_true("success is not fatal", !signer_is_fatal(status_ok()));
    close_all();
}

/* A well sealed record whose key is another address's. */
static slice wrong_address(uint8_t changed[1024])
{
    uint8_t plaintext[RECORD_PLAINTEXT_SIZE] = {1};
    memcpy(changed, made.record.bytes, made.record.size);
    memcpy(plaintext + 4, made.private_key.bytes, 32);
    changed[48] ^= 1;
    crafted_reseal(changed, made.record.size, &made.key, plaintext);
    return slice_of(changed, made.record.size);
}

/* It is damaged, and no reason to stop: nothing was signed. */
static void another_key_inside(void)
{
    for (int verify = 0; verify <= 1; verify++) {
        uint8_t memory[1024];
        struct signer_account account = {0};
        k256_signature signature = {{0}, {0}, 9};
        if (!open_all()) return;
        made.rules.verification = verify == 1 ? SIGNER_TWICE : SIGNER_OFF;
        runner_row(verify ? "verified" : "not verified");
        if (!read_record(wrong_address(memory), &account)) return;
        const status got = sign_hello(&account, &signature);
        expect_refused("sign", got, "record: does not open");
        expect_kind("sign", got, FAILURE_CORRUPT);
        expect_true("not fatal", !signer_is_fatal(got));
        expect_true("not checked", !account.data_key.is_checked);
        expect_u64("nothing left", signature.parity, 9);
        close_all();
    }
}

/*
 * A fault: the address was compared and fitted, yet the signature is another key's. Seen only
 * where signatures are verified; then it is fatal.
 */
static void wrong_signature(void)
{
    uint8_t memory[1024];
    struct signer_account account = {0};
    k256_signature signature = {{0}, {0}, 9};
    if (!open_all() || !read_record(wrong_address(memory), &account)) return;
    data_key_derive(&account.data_key, account.record.head);
    account.data_key.is_checked = true;
    made.rules.verification = SIGNER_RECOVER;
    const status got = sign_hello(&account, &signature);
    expect_refused("sign", got, "signer: a signature just made does not verify");
    expect_kind("sign", got, FAILURE_INTERNAL);
    expect_true("fatal", signer_is_fatal(got));
    expect_u64("nothing left", signature.parity, 9);
    made.rules.verification = SIGNER_OFF;
    expect_ok("nobody looks", sign_hello(&account, &signature));
    close_all();
}

/* The door judges by itself, whoever read the record; and only what was opened. */
static void judged_when_signing(void)
{
    static const struct {
        const char *name;
        uint32_t flags, epoch_min;
        const char *refusal;
    } rows[] = {
        {"as it is", 0, 7, NULL},
        {"frozen", RECORD_FROZEN, 7, "signer: the account is frozen"},
        {"pending", RECORD_PENDING, 7, "signer: the account is not active yet"},
        {"policy", RECORD_USES_ORG_POLICY, 7,
         "signer: the record has a policy, which this image cannot enforce"},
        {"epoch", 0, 9, "signer: the record's epoch is below the floor of this image"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct signer_account account = {0};
        k256_signature signature = {{0}, {0}, 9};
        runner_row(rows[i].name);
        if (!open_all() || !read_record(made.record, &account)) return;
        account.record.flags = rows[i].flags;
        made.rules.epoch_min = rows[i].epoch_min;
        const status got = sign_hello(&account, &signature);
        if (expect_outcome("sign", got, rows[i].refusal) && rows[i].refusal) {
            expect_kind("kind", got, FAILURE_DENIED);
            expect_u64("nothing left", signature.parity, 9);
        }
        data_key_init(&account.data_key, &(const struct secret32){{1}});
        expect_refused("what does not open is not judged", sign_hello(&account, &signature),
                       "record: does not open");
        close_all();
    }
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

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"uses", use_rows},
        {"own policy", own_policy},
        {"known message", known_message},
        {"known transaction", known_transaction},
        {"wrong data key", wrong_data_key},
        {"another key inside", another_key_inside},
        {"wrong signature", wrong_signature},
        {"judged when signing", judged_when_signing},
        {"wiping", wiping},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
