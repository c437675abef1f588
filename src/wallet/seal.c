#include "wallet/seal.h"

#include <assert.h>
#include <string.h>

enum {
    PLAINTEXT_VERSION = 1,
    START_SIZE = 4, /* version, number of HMAC credentials (none are supported), two zeros */
};

struct plaintext {
    uint8_t bytes[RECORD_PLAINTEXT_SIZE];
};

static_assert(sizeof(struct plaintext) == START_SIZE + sizeof(struct secret32),
              "a plaintext is its start and a private key");

static void wipe(struct plaintext *plaintext)
{
    secret_wipe(plaintext, sizeof *plaintext);
}

/* A key that anybody can name; KMS makes none. */
static bool is_zero(const struct secret32 *key)
{
    static const struct secret32 zero = {{0}};
    return secret_equal(secret_expose(key), secret_expose(&zero));
}

/* ---- opening ---- */

/* One sentence for every cause. */
static status require_open(bool is_open)
{
    REQUIRE(is_open, CORRUPT, "record: does not open");
    return status_ok();
}

static bool has_commit(const struct record *record, const struct data_key *data_key)
{
    return secret_equal(slice_of(record->commit, DATA_KEY_COMMIT_SIZE),
                        slice_of(data_key->commit, DATA_KEY_COMMIT_SIZE));
}

static bool has_policy_hash(const struct record *record)
{
    const hash32 hash = sha256(record->policy);
    return hash32_equal(&record->policy_hash, &hash);
}

static bool has_start(const struct plaintext *plaintext)
{
    static const uint8_t start[START_SIZE] = {PLAINTEXT_VERSION, 0, 0, 0};
    return secret_equal(slice_of(plaintext->bytes, sizeof start), slice_of(start, sizeof start));
}

status seal_open(const struct record *record, const struct seal_tools *tools,
                 struct data_key *data_key, struct secret32 *private_key)
{
    SCOPED(wipe) struct plaintext plaintext = {0};
    SCOPED(secret32_wipe) struct secret32 key = {0};
    assert(record->sealed.size == sizeof plaintext + AEAD_TAG_SIZE);
    TRY(require_open(!is_zero(&data_key->key)));
    data_key_derive(data_key, record->head);
    /* Before decrypting: a record could be made that opens, to different keys, under two of them. */
    TRY(require_open(has_commit(record, data_key)));
    const struct aead_terms terms = {&data_key->aead_key, data_key->nonce, record->clear};
    const status opened = aead_unseal(tools->aead, &terms, record->sealed, plaintext.bytes);
    if (status_is(opened, FAILURE_CORRUPT)) return require_open(false);
    TRY(opened);
    TRY(require_open(has_policy_hash(record)));
    TRY(require_open(has_start(&plaintext)));
    memcpy(key.bytes, plaintext.bytes + START_SIZE, sizeof key.bytes);
    TRY(require_open(status_is_ok(k256_check_key(tools->curve, &key))));
    *private_key = key;
    return status_ok();
}

status seal_check_address(const struct record *record, const struct k256 *curve,
                          const struct secret32 *private_key)
{
    k256_public_key public_key;
    TRY(k256_read_public_key(curve, private_key, &public_key));
    return require_open(address_equal(address_of(&public_key), record->address));
}

/* ---- sealing ---- */

static status check(const struct record *record, const struct seal_tools *tools,
                    const struct seal_secrets *secrets)
{
    TRY(record_check(record));
    REQUIRE(!is_zero(&secrets->data_key->key), CORRUPT, "seal: the data key is zero");
    REQUIRE(status_is_ok(seal_check_address(record, tools->curve, secrets->private_key)), BAD_INPUT,
            "seal: the key does not give the address");
    return status_ok();
}

/* Appends the sealed part behind what is in clear. */
static status put_sealed(slice clear, const struct seal_tools *tools,
                         const struct seal_secrets *secrets, struct builder *output)
{
    SCOPED(wipe) struct plaintext plaintext = {{PLAINTEXT_VERSION, 0, 0, 0}};
    slice written;
    uint8_t *sealed = builder_space(output, sizeof plaintext + AEAD_TAG_SIZE);
    TRY(builder_finish(output, &written));
    memcpy(plaintext.bytes + START_SIZE, secret_expose(secrets->private_key).bytes,
           sizeof secrets->private_key->bytes);
    const struct aead_terms terms = {&secrets->data_key->aead_key, secrets->data_key->nonce, clear};
    return aead_seal(tools->aead, &terms, slice_of(plaintext.bytes, sizeof plaintext.bytes),
                     sealed);
}

/*
 * Opens what was just sealed, as anybody will have to. The derived keys that sealed it are exactly
 * what is in doubt here, so this derives its own: one flipped bit in them would otherwise seal a
 * key that nobody gets back, and call it good.
 */
static status check_sealed(slice bytes, const struct seal_tools *tools,
                           const struct seal_secrets *secrets)
{
    SCOPED(data_key_wipe) struct data_key fresh = {0};
    SCOPED(secret32_wipe) struct secret32 opened = {0};
    struct record record;
    data_key_init(&fresh, &secrets->data_key->key);
    const bool is_same = status_is_ok(record_read(bytes, &record)) &&
                         status_is_ok(seal_open(&record, tools, &fresh, &opened)) &&
                         secret_equal(secret_expose(&opened), secret_expose(secrets->private_key));
    REQUIRE(is_same, INTERNAL, "seal: the record just sealed does not open");
    return status_ok();
}

status seal_put(const struct record *record, const struct seal_tools *tools,
                const struct seal_secrets *secrets, struct builder *output, slice *bytes)
{
    const size_t start = builder_mark(output);
    struct record made = *record;
    slice head = {0};
    TRY(check(record, tools, secrets));
    made.policy_hash = sha256(record->policy);
    record_put_head(&made, output);
    TRY(builder_finish_since(output, start, &head));
    data_key_derive(secrets->data_key, head);
    memcpy(made.commit, secrets->data_key->commit, sizeof made.commit);
    record_put_rest(&made, output);
    TRY(put_sealed(builder_since(output, start), tools, secrets, output));
    TRY(check_sealed(builder_since(output, start), tools, secrets));
    *bytes = builder_since(output, start);
    return status_ok();
}
