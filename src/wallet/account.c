#include "wallet/account.h"

#include <string.h>

enum {
    FORMAT = 1,
    KIND_ACCOUNT = 1,
    SUITE = 1, /* HKDF-SHA256 and AES-256-GCM with commitment */
    KEY_SCOPE_RECORD = 1,
    CURVE_SECP256K1 = 1,
    COMMIT_OFFSET = DATA_KEY_HEAD_SIZE,
    POLICY_HASH_OFFSET = 128,
    PLAINTEXT_VERSION = 1,
};

static const slice MAGIC = SLICE_LITERAL("ENW1");

static status check_flags(uint32_t flags)
{
    REQUIRE((flags & ~(uint32_t)ACCOUNT_FLAGS_ALL) == 0, BAD_INPUT,
            "account: record has flags that are not known");
    return status_ok();
}

/* Zero would stand before the first version, and a floor of versions could not tell it from none. */
static status check_version(uint64_t record_version)
{
    REQUIRE(record_version >= 1, BAD_INPUT, "account: record's version is zero");
    return status_ok();
}

/* ---- reading ---- */

/* Bytes 0 to 16: what the record is. */
static status take_start(slice *rest, struct account *account)
{
    slice magic;
    uint8_t format, kind, suite, key_scope;
    TRY(slice_take(rest, MAGIC.size, &magic));
    TRY(slice_take_u8(rest, &format));
    TRY(slice_take_u8(rest, &kind));
    TRY(slice_take_u8(rest, &suite));
    TRY(slice_take_u8(rest, &key_scope));
    TRY(slice_take_u32(rest, &account->flags));
    TRY(slice_take_u32(rest, &account->seal_epoch));
    REQUIRE(slice_equal(magic, MAGIC), BAD_INPUT, "account: record must begin with ENW1");
    REQUIRE(format == FORMAT, BAD_INPUT, "account: record's format is not known");
    REQUIRE(kind == KIND_ACCOUNT, BAD_INPUT, "account: record is not an account's");
    REQUIRE(suite == SUITE, BAD_INPUT, "account: record's cipher suite is not known");
    REQUIRE(key_scope == KEY_SCOPE_RECORD, BAD_INPUT,
            "account: data keys shared between records are not supported");
    return check_flags(account->flags);
}

/* Bytes 16 to 264 but for the sizes: whose it is, and how it is sealed. */
static status take_identity(slice *rest, struct account *account)
{
    uint32_t curve;
    slice skipped;
    TRY(slice_take_copy(rest, sizeof account->account_id.bytes, account->account_id.bytes));
    TRY(slice_take_copy(rest, ADDRESS_SIZE, account->address.bytes));
    TRY(slice_take_u32(rest, &curve));
    REQUIRE(curve == CURVE_SECP256K1, BAD_INPUT, "account: record's curve is not known");
    TRY(slice_take_u64(rest, &account->record_version));
    TRY(check_version(account->record_version));
    TRY(slice_take_u64(rest, &account->created_ms));
    TRY(slice_take_u64(rest, &account->sealed_ms));
    TRY(slice_take_copy(rest, sizeof account->kms_key_hash.bytes, account->kms_key_hash.bytes));
    TRY(slice_take(rest, sizeof(hash32), &skipped)); /* the policy's hash: checked by unsealing */
    TRY(slice_take_copy(rest, sizeof account->prev_hash.bytes, account->prev_hash.bytes));
    TRY(slice_take_copy(rest, DATA_KEY_SALT_SIZE, account->salt));
    return slice_take(rest, DATA_KEY_COMMIT_SIZE, &skipped); /* also */
}

/* The sizes and what they measure. */
static status take_body(slice *rest, struct account *account)
{
    uint16_t edk_size, policy_size, sealed_size, zero;
    TRY(slice_take_u16(rest, &edk_size));
    TRY(slice_take_u16(rest, &policy_size));
    TRY(slice_take_u16(rest, &sealed_size));
    TRY(slice_take_u16(rest, &zero));
    REQUIRE(edk_size >= 1 && edk_size <= ACCOUNT_EDK_SIZE_MAX, BAD_INPUT,
            "account: encrypted data key has a size out of bounds");
    REQUIRE(policy_size <= ACCOUNT_POLICY_SIZE_MAX, BAD_INPUT,
            "account: policy has a size out of bounds");
    REQUIRE(sealed_size == ACCOUNT_SEALED_SIZE, BAD_INPUT,
            "account: sealed part has a size that is not supported");
    REQUIRE(zero == 0, BAD_INPUT, "account: reserved bytes must be zero");
    REQUIRE(rest->size == (size_t)policy_size + edk_size + sealed_size, BAD_INPUT,
            "account: record has a size other than it says");
    TRY(slice_take(rest, policy_size, &account->policy));
    return slice_take(rest, edk_size, &account->edk);
}

status account_read(slice record, struct account *account)
{
    struct account read = {.record = record};
    REQUIRE(record.size >= ACCOUNT_HEADER_SIZE, BAD_INPUT, "account: record is too short");
    TRY(take_start(&record, &read));
    TRY(take_identity(&record, &read));
    TRY(take_body(&record, &read));
    *account = read;
    return status_ok();
}

/* ---- unsealing ---- */

struct plaintext {
    uint8_t bytes[ACCOUNT_PLAINTEXT_SIZE];
};

static void wipe(struct plaintext *plaintext)
{
    secret_wipe(plaintext, sizeof *plaintext);
}

/* One sentence for every cause. */
static status require_open(bool is_open)
{
    REQUIRE(is_open, CORRUPT, "account: record does not open");
    return status_ok();
}

/* A key that anybody can name; KMS makes none. */
static bool is_zero(const struct secret32 *key)
{
    static const struct secret32 zero = {{0}};
    return secret_equal(secret_expose(key), secret_expose(&zero));
}

static slice associated_of(const struct account *account)
{
    return slice_part(account->record, 0, account->record.size - ACCOUNT_SEALED_SIZE);
}

static bool has_commit(const struct account *account, const struct data_key *data_key)
{
    return secret_equal(slice_part(account->record, COMMIT_OFFSET, DATA_KEY_COMMIT_SIZE),
                        slice_of(data_key->commit, DATA_KEY_COMMIT_SIZE));
}

static bool has_policy_hash(const struct account *account)
{
    const hash32 hash = sha256(account->policy);
    return slice_equal(slice_part(account->record, POLICY_HASH_OFFSET, sizeof hash.bytes),
                       hash32_view(&hash));
}

/* The plaintext's start: version, number of HMAC credentials (none are supported), two zeros. */
static bool has_start(const struct plaintext *plaintext)
{
    static const uint8_t start[] = {PLAINTEXT_VERSION, 0, 0, 0};
    return secret_equal(slice_of(plaintext->bytes, sizeof start), slice_of(start, sizeof start));
}

status account_unseal(const struct account *account, const struct account_tools *tools,
                      struct data_key *data_key, struct secret32 *private_key)
{
    SCOPED(wipe) struct plaintext plaintext = {0};
    SCOPED(secret32_wipe) struct secret32 key = {0};
    TRY(require_open(!is_zero(&data_key->key)));
    const slice associated = associated_of(account);
    const slice sealed = slice_part(account->record, associated.size, ACCOUNT_SEALED_SIZE);
    data_key_derive(data_key, slice_part(account->record, 0, DATA_KEY_HEAD_SIZE));
    /* GCM does not commit to its key; the host chooses which key is tried on which record. */
    TRY(require_open(has_commit(account, data_key)));
    const struct aead_terms terms = {&data_key->aead_key, data_key->nonce, associated};
    const status opened = aead_unseal(tools->aead, &terms, sealed, plaintext.bytes);
    if (status_is(opened, FAILURE_CORRUPT)) return require_open(false);
    TRY(opened);
    TRY(require_open(has_policy_hash(account)));
    TRY(require_open(has_start(&plaintext)));
    memcpy(key.bytes, plaintext.bytes + ACCOUNT_PLAINTEXT_SIZE - sizeof key.bytes,
           sizeof key.bytes);
    TRY(require_open(status_is_ok(k256_check_key(tools->curve, &key))));
    *private_key = key;
    return status_ok();
}

status account_check_address(const struct account *account, const struct k256 *curve,
                             const struct secret32 *private_key)
{
    k256_public_key public_key;
    TRY(k256_read_public_key(curve, private_key, &public_key));
    TRY(require_open(address_equal(address_of(&public_key), account->address)));
    return status_ok();
}

/* ---- sealing ---- */

static status check_fields(const struct account *account)
{
    TRY(check_flags(account->flags));
    TRY(check_version(account->record_version));
    REQUIRE(account->edk.size >= 1 && account->edk.size <= ACCOUNT_EDK_SIZE_MAX, BAD_INPUT,
            "account: encrypted data key has a size out of bounds");
    REQUIRE(account->policy.size <= ACCOUNT_POLICY_SIZE_MAX, BAD_INPUT,
            "account: policy has a size out of bounds");
    return status_ok();
}

/* Bytes 0 to 224, from which the keys are derived. */
static void put_head(struct builder *output, const struct account *account)
{
    const hash32 policy_hash = sha256(account->policy);
    builder_put(output, MAGIC);
    builder_put_u8(output, FORMAT);
    builder_put_u8(output, KIND_ACCOUNT);
    builder_put_u8(output, SUITE);
    builder_put_u8(output, KEY_SCOPE_RECORD);
    builder_put_u32(output, account->flags);
    builder_put_u32(output, account->seal_epoch);
    builder_put(output, hash32_view(&account->account_id));
    builder_put(output, slice_of(account->address.bytes, ADDRESS_SIZE));
    builder_put_u32(output, CURVE_SECP256K1);
    builder_put_u64(output, account->record_version);
    builder_put_u64(output, account->created_ms);
    builder_put_u64(output, account->sealed_ms);
    builder_put(output, hash32_view(&account->kms_key_hash));
    builder_put(output, hash32_view(&policy_hash));
    builder_put(output, hash32_view(&account->prev_hash));
    builder_put(output, slice_of(account->salt, DATA_KEY_SALT_SIZE));
}

/* Bytes 224 to where the sealed part begins. */
static void put_rest(struct builder *output, const struct account *account,
                     const struct data_key *data_key)
{
    builder_put(output, slice_of(data_key->commit, DATA_KEY_COMMIT_SIZE));
    builder_put_u16(output, (uint16_t)account->edk.size);
    builder_put_u16(output, (uint16_t)account->policy.size);
    builder_put_u16(output, ACCOUNT_SEALED_SIZE);
    builder_put_zeros(output, 2);
    builder_put(output, account->policy);
    builder_put(output, account->edk);
}

/* Opens what was just sealed, as anybody will have to. */
static status check_sealed(slice record, const struct account_tools *tools,
                           const struct account_secrets *secrets)
{
    SCOPED(secret32_wipe) struct secret32 opened = {0};
    struct account account;
    const bool is_same =
        status_is_ok(account_read(record, &account)) &&
        status_is_ok(account_unseal(&account, tools, secrets->data_key, &opened)) &&
        secret_equal(secret_expose(&opened), secret_expose(secrets->private_key));
    REQUIRE(is_same, INTERNAL, "account: the record just sealed does not open");
    return status_ok();
}

status account_seal(const struct account *account, const struct account_tools *tools,
                    const struct account_secrets *secrets, struct builder *output, slice *record)
{
    SCOPED(wipe) struct plaintext plaintext = {{PLAINTEXT_VERSION, 0, 0, 0}};
    const size_t start = output->size;
    slice written;
    TRY(check_fields(account));
    REQUIRE(!is_zero(&secrets->data_key->key), CORRUPT, "account: the data key is zero");
    REQUIRE(status_is_ok(account_check_address(account, tools->curve, secrets->private_key)),
            BAD_INPUT, "account: the key does not give the address");
    put_head(output, account);
    TRY(builder_finish(output, &written));
    data_key_derive(secrets->data_key, slice_part(written, start, DATA_KEY_HEAD_SIZE));
    put_rest(output, account, secrets->data_key);
    TRY(builder_finish(output, &written));
    const slice associated = slice_part(written, start, written.size);
    uint8_t *sealed = builder_space(output, ACCOUNT_SEALED_SIZE);
    TRY(builder_finish(output, &written));
    memcpy(plaintext.bytes + ACCOUNT_PLAINTEXT_SIZE - sizeof secrets->private_key->bytes,
           secret_expose(secrets->private_key).bytes, sizeof secrets->private_key->bytes);
    const struct aead_terms terms = {&secrets->data_key->aead_key, secrets->data_key->nonce,
                                     associated};
    TRY(aead_seal(tools->aead, &terms, slice_of(plaintext.bytes, sizeof plaintext.bytes), sealed));
    const slice sealed_record = slice_part(written, start, written.size);
    TRY(check_sealed(sealed_record, tools, secrets));
    *record = sealed_record;
    return status_ok();
}
