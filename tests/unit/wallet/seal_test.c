#include "wallet/seal.h"

#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "crafted.h"
#include "runner.h"
#include "wallet/encryption_context.h"
#include "wallet/kms_key.h"

static const char NOT_OPEN[] = "record: does not open";

static struct {
    struct k256 curve;
    struct aead aead;
    struct seal_tools tools;
    struct secret32 key, private_key;
} made;

static bool open_tools(void)
{
    static const struct secret32 blinding = {{1}};
    made.tools = (struct seal_tools){&made.curve, &made.aead};
    made.key = (struct secret32){{0xd0, 1, 2, 3}};
    made.private_key = (struct secret32){{0x11, 9, 8, 7}};
    return expect_ok("curve", k256_open(&made.curve, &blinding)) &&
           expect_ok("aead", aead_open(&made.aead));
}

static void close_tools(void)
{
    aead_close(&made.aead);
    k256_close(&made.curve);
}

/* An account of our own, with an EDK of the usual size. */
static struct record our_account(void)
{
    static uint8_t edk[184];
    struct record account = {.seal_epoch = 7,
                             .version = 1,
                             .created_ms = 1700000000000,
                             .sealed_ms = 1700000000001,
                             .edk = slice_of(edk, sizeof edk)};
    k256_public_key public_key;
    runner_random(edk, sizeof edk);
    runner_random(account.salt, sizeof account.salt);
    runner_random(account.account_id.bytes, sizeof account.account_id.bytes);
    runner_random(account.kms_key_hash.bytes, sizeof account.kms_key_hash.bytes);
    expect_ok("public key", k256_read_public_key(&made.curve, &made.private_key, &public_key));
    account.address = address_of(&public_key);
    return account;
}

static status seal(const struct record *account, struct builder *output, slice *record)
{
    struct data_key data_key;
    data_key_init(&data_key, &made.key);
    const struct seal_secrets secrets = {&made.private_key, &data_key};
    return seal_put(account, &made.tools, &secrets, output, record);
}

static status unseal(const struct record *account, struct secret32 *private_key)
{
    struct data_key data_key;
    data_key_init(&data_key, &made.key);
    return seal_open(account, &made.tools, &data_key, private_key);
}

/* ---- known answers; make_record_vectors.mjs made them without any of our code ---- */

static slice field_of(const json_value *object, const char *name)
{
    slice digits = {0};
    expect_ok(name, json_read_string(object, name, 0, 4096, &digits));
    char text[4097] = {0};
    memcpy(text, digits.bytes, digits.size);
    return runner_hex(text);
}

static uint64_t number_of(const json_value *object, const char *name)
{
    uint64_t number = 0;
    expect_ok(name, json_read_u64(object, name, INT64_MAX, &number));
    return number;
}

static void check_clear(const json_value *known, const struct record *account)
{
    slice arn = {0};
    expect_ok("arn", json_read_string(known, "arn", 1, 256, &arn));
    const hash32 key_hash = kms_key_hash(arn);
    expect_bytes("KMS key", hash32_view(&account->kms_key_hash), hash32_view(&key_hash));
    expect_bytes("and its hash", hash32_view(&key_hash), field_of(known, "kms_key_hash"));
    expect_bytes("id", hash32_view(&account->account_id), field_of(known, "account_id"));
    expect_bytes("address", slice_of(account->address.bytes, 20), field_of(known, "address"));
    expect_bytes("policy", account->policy, field_of(known, "policy"));
    expect_bytes("edk", account->edk, field_of(known, "edk"));
    expect_bytes("salt", slice_of(account->salt, 32), field_of(known, "salt"));
    expect_bytes("before it", hash32_view(&account->prev_hash), field_of(known, "prev_hash"));
    expect_u64("flags", account->flags, number_of(known, "flags"));
    expect_u64("epoch", account->seal_epoch, number_of(known, "epoch"));
    expect_u64("version", account->version, number_of(known, "version"));
    expect_u64("created", account->created_ms, number_of(known, "created_ms"));
    expect_u64("sealed", account->sealed_ms, number_of(known, "sealed_ms"));
}

/* The encryption context and the account id follow from what is in clear. */
static void check_context(const json_value *known, const struct record *account)
{
    json_value pairs;
    slice environment = {0}, value;
    struct encryption_context context;
    expect_ok("environment", json_read_string(known, "environment", 1, 64, &environment));
    const struct encryption_context_subject subject = {environment, account->seal_epoch,
                                                       account->account_id};
    expect_ok("context", encryption_context_init(&context, &subject));
    if (!expect_ok("pairs", json_read_object(known, "encryption_context", &pairs))) return;
    expect_u64("pairs", json_count(&pairs), ENCRYPTION_CONTEXT_COUNT);
    for (size_t i = 0; i < ENCRYPTION_CONTEXT_COUNT; i++) {
        char name[16] = {0};
        memcpy(name, context.pairs[i].name.bytes, context.pairs[i].name.size);
        if (!expect_ok(name, json_read_string(&pairs, name, 1, 64, &value))) continue;
        expect_bytes(name, context.pairs[i].value, value);
    }
}

static void check_known(const json_value *known)
{
    struct record account = {0};
    struct data_key data_key;
    struct secret32 key = {{0}}, private_key = {{0}};
    const slice record = field_of(known, "record");
    expect_ok("dk", secret32_read(field_of(known, "dk"), &key));
    data_key_init(&data_key, &key);
    if (!expect_ok("read", record_read(record, &account))) return;
    expect_ok("open", seal_open(&account, &made.tools, &data_key, &private_key));
    expect_bytes("K", slice_of(data_key.aead_key.bytes, 32), field_of(known, "aead_key"));
    expect_bytes("N", slice_of(data_key.nonce.bytes, 12), field_of(known, "aead_nonce"));
    expect_bytes("commit", slice_of(data_key.commit, 32), field_of(known, "commit"));
    expect_bytes("private key", slice_of(private_key.bytes, 32), field_of(known, "priv"));
    check_clear(known, &account);
    check_context(known, &account);
    expect_ok("address", seal_check_address(&account, &made.curve, &private_key));
    uint8_t memory[1024];
    struct builder again;
    slice written = {0};
    builder_init(&again, memory, sizeof memory);
    const struct seal_secrets secrets = {&private_key, &data_key};
    expect_ok("seal", seal_put(&account, &made.tools, &secrets, &again, &written));
    expect_bytes("to the byte", written, record);
}

static void known_answers(void)
{
    SCOPED(json_close) struct json document = {0};
    json_value top, records;
    if (!open_tools()) return;
    if (expect_ok("json", json_open(runner_file("tests/unit/wallet/record_vectors.json"),
                                    runner_arena(), &document)) &&
        expect_ok("object", json_top_object(&document, &top)) &&
        expect_ok("records", json_read_array(&top, "records", 16, &records))) {
        expect_u64("records", json_count(&records), 3);
        size_t index = 0;
        for (json_value element = json_first(&records); json_is_there(&element);
             element = json_next(&element)) {
            runner_row_at("record", index++);
            check_known(&element);
        }
    }
    close_tools();
}

/* ---- sealing and opening ---- */

static void round_trip(void)
{
    uint8_t memory[1024] = {0xee};
    struct builder output;
    slice record;
    struct record read = {0};
    struct secret32 private_key = {{0}};
    if (!open_tools()) return;
    struct record account = our_account();
    account.flags = RECORD_FLAGS_ALL;
    account.policy = slice_text("a policy");
    builder_init(&output, memory, sizeof memory);
    builder_put_u8(&output, 0xee);
    expect_ok("seal", seal(&account, &output, &record));
    expect_u64("size", record.size, 264 + 8 + 184 + 52);
    expect_true("behind what was there", record.bytes == memory + 1);
    expect_ok("read", record_read(record, &read));
    expect_ok("open", unseal(&read, &private_key));
    expect_bytes("key", slice_of(private_key.bytes, 32), slice_of(made.private_key.bytes, 32));
    expect_u64("flags", read.flags, RECORD_FLAGS_ALL);
    expect_u64("epoch", read.seal_epoch, 7);
    expect_u64("sealed", read.sealed_ms, 1700000000001);
    expect_bytes("id", slice_part(record, 16, 32), hash32_view(&account.account_id));
    expect_bytes("id read", hash32_view(&read.account_id), hash32_view(&account.account_id));
    expect_bytes("policy", read.policy, account.policy);
    expect_bytes("key hash", hash32_view(&read.kms_key_hash), hash32_view(&account.kms_key_hash));
    close_tools();
}

/* Any bit changed, any byte missing or one more: refused, and unsealing says always the same. */
static void every_bit_and_size(void)
{
    uint8_t memory[1024], changed[1024];
    struct builder output;
    struct record read;
    struct secret32 private_key = {{0}};
    slice record = {0};
    if (!open_tools()) return;
    struct record account = our_account();
    uint8_t policy[264];
    runner_random(policy, sizeof policy);
    account.policy = slice_of(policy, sizeof policy);
    builder_init(&output, memory, sizeof memory);
    expect_ok("seal", seal(&account, &output, &record));
    expect_true("6,000 bits", record.size * 8 >= 6000);
    size_t unseal_count = 0;
    for (size_t i = 0; i < record.size * 8; i++) {
        runner_row_at("bit", i);
        memcpy(changed, record.bytes, record.size);
        changed[i / 8] ^= (uint8_t)(1u << i % 8);
        const status got = record_read(slice_of(changed, record.size), &read);
        if (!status_is_ok(got)) {
            expect_kind("read", got, FAILURE_BAD_INPUT);
            continue;
        }
        unseal_count++;
        const status opened = unseal(&read, &private_key);
        expect_refused("open", opened, NOT_OPEN);
        expect_kind("unseal", opened, FAILURE_CORRUPT);
    }
    expect_true("most bits are caught by unsealing", unseal_count > record.size * 7);
    static const struct secret32 zero = {{0}};
    expect_true("no key came out", memcmp(&private_key, &zero, sizeof zero) == 0);
    for (size_t size = 0; size < record.size; size++) {
        runner_row_at("size", size);
        expect_kind("cut", record_read(slice_part(record, 0, size), &read), FAILURE_BAD_INPUT);
    }
    runner_row("one byte more");
    memcpy(changed, record.bytes, record.size);
    changed[record.size] = 0;
    expect_refused("read", record_read(slice_of(changed, record.size + 1), &read),
                   "record: has a size other than it says");
    close_tools();
}

/* Well sealed, but wrong inside or in the policy's hash. */
enum { POLICY_HASH = 100 };

static const struct {
    const char *name;
    size_t offset; /* into the plaintext, or POLICY_HASH */
    const char *bytes, *refusal;
} crafted[] = {
    {"as it is", 0, "01000000", NULL},
    {"plaintext version 0", 0, "00", NOT_OPEN},
    {"plaintext version 2", 0, "02", NOT_OPEN},
    {"one HMAC credential", 1, "01", NOT_OPEN},
    {"reserved byte", 2, "01", NOT_OPEN},
    {"other reserved byte", 3, "01", NOT_OPEN},
    {"key zero", 4, "0000000000000000000000000000000000000000000000000000000000000000", NOT_OPEN},
    {"key is the order", 4, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
     NOT_OPEN},
    {"another key", 4, "0000000000000000000000000000000000000000000000000000000000000001", NULL},
    {"hash of another policy", POLICY_HASH, "00", NOT_OPEN},
};

static void crafted_rows(void)
{
    uint8_t memory[1024];
    struct builder output;
    slice record = {0};
    if (!open_tools()) return;
    const struct record account = our_account();
    builder_init(&output, memory, sizeof memory);
    expect_ok("seal", seal(&account, &output, &record));
    for (size_t i = 0; i < ARRAY_COUNT(crafted); i++) {
        uint8_t changed[1024], plaintext[RECORD_PLAINTEXT_SIZE] = {1};
        struct record read;
        struct secret32 private_key;
        runner_row(crafted[i].name);
        const slice bytes = runner_hex(crafted[i].bytes);
        memcpy(changed, record.bytes, record.size);
        memcpy(plaintext + 4, made.private_key.bytes, 32);
        const bool is_hash = crafted[i].offset == POLICY_HASH;
        memcpy(is_hash ? changed + 128 : plaintext + crafted[i].offset, bytes.bytes, bytes.size);
        crafted_reseal(changed, record.size, &made.key, plaintext);
        expect_ok("read", record_read(slice_of(changed, record.size), &read));
        expect_outcome("unseal", unseal(&read, &private_key), crafted[i].refusal);
    }
    close_tools();
}

/* The commit of another key over a ciphertext that opens: only the commit's own check can tell. */
static void wrong_commit(void)
{
    uint8_t memory[1024], plaintext[RECORD_PLAINTEXT_SIZE] = {1};
    struct builder output;
    struct record read;
    struct data_key data_key;
    struct secret32 private_key = {{0}};
    slice record = {0};
    if (!open_tools()) return;
    const struct record account = our_account();
    builder_init(&output, memory, sizeof memory);
    expect_ok("seal", seal(&account, &output, &record));
    memcpy(plaintext + 4, made.private_key.bytes, 32);
    data_key_init(&data_key, &made.key);
    data_key_derive(&data_key, slice_part(record, 0, DATA_KEY_HEAD_SIZE));
    for (size_t i = 0; i < DATA_KEY_COMMIT_SIZE; i++) {
        runner_row_at("byte of the commit", i);
        memory[DATA_KEY_HEAD_SIZE + i] ^= 1;
        crafted_seal(memory, record.size, &data_key, plaintext);
        expect_ok("read", record_read(record, &read));
        expect_refused("open", unseal(&read, &private_key), NOT_OPEN);
        memory[DATA_KEY_HEAD_SIZE + i] ^= 1;
    }
    runner_row("the commit itself");
    crafted_seal(memory, record.size, &data_key, plaintext);
    expect_ok("read", record_read(record, &read));
    expect_ok("open", unseal(&read, &private_key));
    close_tools();
}

/*
 * One bit of a derived key is wrong while a record is being sealed: nobody else could open it, so it
 * must not be called good. The check may use nothing of what sealed it.
 */
static void fault_while_sealing(void)
{
    static const struct {
        const char *name;
        size_t offset; /* into struct data_key */
        const char *refusal;
    } rows[] = {
        {"no fault", 0, NULL},
        {"key, first byte", offsetof(struct data_key, aead_key),
         "seal: the record just sealed does not open"},
        {"key, last byte", offsetof(struct data_key, aead_key) + 31,
         "seal: the record just sealed does not open"},
        {"nonce", offsetof(struct data_key, nonce), "seal: the record just sealed does not open"},
        {"commit", offsetof(struct data_key, commit), "seal: the record just sealed does not open"},
    };
    if (!open_tools()) return;
    const struct record account = our_account();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[1024];
        struct builder output;
        struct data_key data_key;
        slice record = {0};
        const struct seal_secrets secrets = {&made.private_key, &data_key};
        runner_row(rows[i].name);
        data_key_init(&data_key, &made.key);
        builder_init(&output, memory, sizeof memory);
        expect_ok("derives", seal_put(&account, &made.tools, &secrets, &output, &record));
        if (rows[i].offset > 0) ((uint8_t *)&data_key)[rows[i].offset] ^= 0x10;
        builder_init(&output, memory, sizeof memory);
        record = (slice){0};
        const status got = seal_put(&account, &made.tools, &secrets, &output, &record);
        expect_outcome("seal", got, rows[i].refusal);
        if (!rows[i].refusal) continue;
        expect_kind("kind", got, FAILURE_INTERNAL);
        expect_u64("nothing is handed out", record.size, 0);
    }
    close_tools();
}

static void other_keys(void)
{
    uint8_t memory[1024];
    struct builder output;
    slice record;
    struct record read = {0};
    struct data_key data_key;
    const struct secret32 other = {{0xd0, 1, 2, 4}};
    struct secret32 private_key;
    if (!open_tools()) return;
    const struct record account = our_account();
    builder_init(&output, memory, sizeof memory);
    expect_ok("seal", seal(&account, &output, &record));
    expect_ok("read", record_read(record, &read));
    data_key_init(&data_key, &other);
    expect_refused("another data key", seal_open(&read, &made.tools, &data_key, &private_key),
                   NOT_OPEN);
    /* Derived values that fit the commit but not the ciphertext: GCM must refuse by itself. */
    data_key_init(&data_key, &made.key);
    data_key_derive(&data_key, slice_part(record, 0, DATA_KEY_HEAD_SIZE));
    data_key.aead_key.bytes[0] ^= 1;
    expect_refused("another GCM key", seal_open(&read, &made.tools, &data_key, &private_key),
                   NOT_OPEN);
    expect_refused("another private key", seal_check_address(&read, &made.curve, &other), NOT_OPEN);
    static const struct secret32 zero = {{0}};
    expect_refused("no private key", seal_check_address(&read, &made.curve, &zero),
                   "k256: private key is zero or not below the order");
    close_tools();
}

/* A data key that anybody can name seals and opens nothing. */
static void zero_data_key(void)
{
    static const struct secret32 zero = {{0}};
    uint8_t memory[1024], changed[1024], plaintext[RECORD_PLAINTEXT_SIZE] = {1};
    struct builder output;
    slice record = {0};
    struct record read;
    struct data_key data_key;
    struct secret32 private_key;
    if (!open_tools()) return;
    const struct record account = our_account();
    builder_init(&output, memory, sizeof memory);
    data_key_init(&data_key, &zero);
    const struct seal_secrets secrets = {&made.private_key, &data_key};
    const status sealed = seal_put(&account, &made.tools, &secrets, &output, &record);
    expect_refused("seal", sealed, "seal: the data key is zero");
    expect_kind("seal", sealed, FAILURE_CORRUPT);
    expect_u64("nothing was written", output.size, 0);
    expect_ok("another", seal(&account, &output, &record));
    memcpy(changed, record.bytes, record.size);
    memcpy(plaintext + 4, made.private_key.bytes, 32);
    crafted_reseal(changed, record.size, &zero, plaintext);
    expect_ok("read", record_read(slice_of(changed, record.size), &read));
    data_key_init(&data_key, &zero);
    expect_refused("open", seal_open(&read, &made.tools, &data_key, &private_key), NOT_OPEN);
    close_tools();
}

static void sealing_refuses(void)
{
    static uint8_t memory[RECORD_SIZE_MAX], bytes[RECORD_POLICY_SIZE_MAX + 1];
    struct builder output;
    slice record = {0};
    struct record read;
    if (!open_tools()) return;
    const struct record good = our_account();
    struct record account = good;
    builder_init(&output, memory, sizeof memory);
    account.edk = slice_of(bytes, 0);
    expect_refused("no EDK", seal(&account, &output, &record),
                   "record: encrypted data key has a size out of bounds");
    account.edk = slice_of(bytes, RECORD_EDK_SIZE_MAX + 1);
    expect_refused("long EDK", seal(&account, &output, &record),
                   "record: encrypted data key has a size out of bounds");
    account.edk.size--;
    account.policy = slice_of(bytes, RECORD_POLICY_SIZE_MAX + 1);
    expect_refused("long policy", seal(&account, &output, &record),
                   "record: policy has a size out of bounds");
    account.policy.size--;
    expect_u64("nothing was written", output.size, 0);
    expect_ok("the largest", seal(&account, &output, &record));
    expect_u64("its size", record.size, RECORD_SIZE_MAX);
    expect_ok("is read", record_read(record, &read));
    account = good;
    account.flags = RECORD_FLAGS_ALL + 1;
    expect_refused("flag", seal(&account, &output, &record),
                   "record: has flags that are not known");
    account = good;
    account.version = 0;
    expect_refused("version", seal(&account, &output, &record), "record: version is zero");
    account = good;
    account.address.bytes[19] ^= 1;
    expect_refused("address", seal(&account, &output, &record),
                   "seal: the key does not give the address");
    for (size_t size = 0; size < 264 + 184 + 52; size++) {
        runner_row_at("room", size);
        builder_init(&output, memory, size);
        expect_refused("seal", seal(&good, &output, &record), "builder: result does not fit");
    }
    close_tools();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known answers", known_answers},
        {"round trip", round_trip},
        {"every bit and size", every_bit_and_size},
        {"crafted", crafted_rows},
        {"wrong commit", wrong_commit},
        {"fault while sealing", fault_while_sealing},
        {"other keys", other_keys},
        {"zero data key", zero_data_key},
        {"sealing refuses", sealing_refuses},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
