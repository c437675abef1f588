/*
 * The envelope and key of edgebitio/nitro-enclaves-sdk-go's tests, sealed by real KMS, are in the
 * shared vectors (cms/edgebit.*). The other keys are made here.
 */
#include "crypto/recipient.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto/envelope.h"

#include "runner.h"

static const char cannot_be_opened[] = "recipient: envelope cannot be opened";
static const char for_another[] = "recipient: envelope is for another key";
static const char wrong_size[] = "recipient: content has the wrong size";

static slice vector(const char *subject)
{
    const char *path = runner_vectors(subject);
    return path ? runner_file(path) : slice_of(NULL, 0);
}

/* The key of the real envelope; false when there are no vectors. */
static bool open_real(struct recipient *recipient)
{
    const slice digits = vector("cms/edgebit.key.pkcs8.hex");
    if (digits.size == 0) return false;
    /* The runner ends a file with a NUL byte. */
    const slice der = runner_hex((const char *)digits.bytes);
    return expect_ok("key", recipient_open_der(der, recipient));
}

static void real_envelope(void)
{
    SCOPED(recipient_close) struct recipient recipient = {0};
    if (!open_real(&recipient)) return;
    const slice envelope = vector("cms/edgebit.ber");
    const slice wanted = vector("cms/edgebit.plaintext.bin");
    struct secret32 key = {0};
    uint8_t plaintext[64];
    expect_hex("id", hash32_view(&recipient.id),
               "9631a0c659910ad5aabc1fecfc0c3e64d4c395ce9491af3a48b56694d9851803");
    expect_ok("unseal", recipient_unseal(&recipient, envelope, plaintext, wanted.size));
    expect_bytes("plaintext", slice_of(plaintext, wanted.size), wanted);
    expect_ok("unseal the key", recipient_unseal_key(&recipient, envelope, &key));
    expect_bytes("key", slice_of(key.bytes, sizeof key.bytes), wanted);
    for (size_t size = 1; size < 64; size++) {
        runner_row_at("as bytes", size);
        if (size != wanted.size) {
            expect_outcome("unseal", recipient_unseal(&recipient, envelope, plaintext, size),
                           /* 33 to 47 bytes would have had as many blocks: their padding tells */
                           size / 16 == wanted.size / 16 ? cannot_be_opened : wrong_size);
        }
    }
    runner_row(NULL);
    expect_refused("another's envelope",
                   recipient_unseal_key(&recipient, vector("cms/awssdk-1.ber"), &key), for_another);
}

static void real_truncated(void)
{
    SCOPED(recipient_close) struct recipient recipient = {0};
    if (!open_real(&recipient)) return;
    const slice envelope = vector("cms/edgebit.ber");
    for (size_t size = 0; size < envelope.size; size++) {
        struct secret32 key;
        runner_row_at("cut to", size);
        expect_kind("unseal", recipient_unseal_key(&recipient, slice_part(envelope, 0, size), &key),
                    FAILURE_BAD_INPUT);
    }
}

/* 300 keys of others: the envelope is addressed to each in turn, so that decryption is reached. */
static void wrong_keys(void)
{
    SCOPED(recipient_close) struct recipient recipient = {0};
    static struct envelope envelope;
    static uint8_t memory[ENVELOPE_SIZE_MAX];
    expect_ok("open", recipient_open(&recipient));
    const slice real = vector("cms/edgebit.ber");
    if (real.size == 0) return;
    expect_ok("read", envelope_read(real, &envelope));
    struct secret32 untouched = {{7}}, key = untouched;
    for (size_t i = 0; i < 300; i++) {
        struct builder builder;
        runner_row_at("wrong key", i);
        /* A wrong private key makes another number of the encrypted key: so does this. */
        if (i > 0) runner_random(envelope.encrypted_key + 1, sizeof envelope.encrypted_key - 1);
        envelope.recipient_id = recipient.id;
        builder_init(&builder, memory, sizeof memory);
        envelope_write(&envelope, i % 2 == 0, &builder);
        expect_refused("unseal", recipient_unseal_key(&recipient, builder_view(&builder), &key),
                       cannot_be_opened);
        expect_bytes("untouched", slice_of(key.bytes, 32), slice_of(untouched.bytes, 32));
    }
}

static struct recipient_seal seal_for(const struct recipient *recipient, slice plaintext)
{
    struct recipient_seal seal = {.public_key = recipient_public_key(recipient),
                                  .plaintext = plaintext};
    runner_random(&seal.content_key, sizeof seal.content_key);
    runner_random(seal.iv, sizeof seal.iv);
    return seal;
}

static void round_trips(void)
{
    static const size_t sizes[] = {1, 12, 15, 16, 17, 31, 32, 33, 999, 1000, 2000, 4095, 4096};
    static uint8_t plaintext[4097], opened[4097], memory[RECIPIENT_ENVELOPE_SIZE_MAX];
    SCOPED(recipient_close) struct recipient recipient = {0};
    expect_ok("open", recipient_open(&recipient));
    runner_random(plaintext, sizeof plaintext);
    for (size_t i = 0; i < 2 * ARRAY_COUNT(sizes); i++) {
        const slice wanted = slice_of(plaintext, sizes[i / 2]);
        struct recipient_seal seal = seal_for(&recipient, wanted);
        struct builder builder;
        runner_row_at("plaintext of bytes", wanted.size);
        seal.is_constructed = i % 2 == 0;
        builder_init(&builder, memory, sizeof memory);
        expect_ok("seal", recipient_seal(&seal, &builder));
        expect_ok("unseal",
                  recipient_unseal(&recipient, builder_view(&builder), opened, wanted.size));
        expect_bytes("plaintext", slice_of(opened, wanted.size), wanted);
    }
    runner_row(NULL);
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    struct recipient_seal seal = seal_for(&recipient, slice_of(plaintext, 4097));
    const char *size_refusal = "recipient: plaintext must have 1 to 4096 bytes";
    expect_refused("4097 bytes", recipient_seal(&seal, &builder), size_refusal);
    seal.plaintext.size = 0;
    expect_refused("no bytes", recipient_seal(&seal, &builder), size_refusal);
    expect_refused("unseal 4097", recipient_unseal(&recipient, slice_of(memory, 0), opened, 4097),
                   size_refusal);
    expect_refused("unseal none", recipient_unseal(&recipient, slice_of(memory, 0), opened, 0),
                   size_refusal);
}

/* Every byte of an envelope but the ones that CBC lets pass: the first content block and the IV. */
static void every_byte_counts(void)
{
    static uint8_t memory[RECIPIENT_ENVELOPE_SIZE_MAX];
    SCOPED(recipient_close) struct recipient recipient = {0};
    const uint8_t plaintext[32] = {1, 2, 3};
    struct secret32 key;
    struct builder builder;
    expect_ok("open", recipient_open(&recipient));
    const struct recipient_seal seal = seal_for(&recipient, slice_of(plaintext, sizeof plaintext));
    builder_init(&builder, memory, sizeof memory);
    expect_ok("seal", recipient_seal(&seal, &builder));
    expect_ok("unseal", recipient_unseal_key(&recipient, builder_view(&builder), &key));
    const size_t iv_start = 415, content_start = 433;
    for (size_t i = 0; i < builder.size; i++) {
        const bool is_iv = i >= iv_start && i < iv_start + 16;
        const bool is_first_block = i >= content_start && i < content_start + 16;
        if (is_iv || is_first_block) continue;
        memory[i] ^= 1;
        runner_row_at("byte", i);
        expect_true("refused",
                    !status_is_ok(recipient_unseal_key(&recipient, builder_view(&builder), &key)));
        memory[i] ^= 1;
    }
}

static void addressed_to_another(void)
{
    static uint8_t memory[RECIPIENT_ENVELOPE_SIZE_MAX];
    SCOPED(recipient_close) struct recipient recipient = {0}, other = {0};
    const uint8_t plaintext[32] = {0};
    struct secret32 key;
    struct builder builder;
    expect_ok("open", recipient_open(&recipient));
    expect_ok("open the other", recipient_open(&other));
    expect_true("keys are fresh", !hash32_equal(&recipient.id, &other.id));
    const struct recipient_seal seal = seal_for(&other, slice_of(plaintext, sizeof plaintext));
    builder_init(&builder, memory, sizeof memory);
    expect_ok("seal", recipient_seal(&seal, &builder));
    const status refused = recipient_unseal_key(&recipient, builder_view(&builder), &key);
    expect_refused("unseal", refused, for_another);
    expect_kind("unseal", refused, FAILURE_DENIED);
    memcpy(memory + 33, recipient.id.bytes, sizeof recipient.id.bytes);
    const status relabelled = recipient_unseal_key(&recipient, builder_view(&builder), &key);
    expect_refused("its address replaced", relabelled, cannot_be_opened);
    expect_kind("its address replaced", relabelled, FAILURE_CORRUPT);
}

/* A key of RSA-2048 whose public exponent is as long as 65537, made with openssl genpkey. */
static void another_exponent(void)
{
    struct recipient none = {0};
    static char digits[4096];
    const slice text = runner_file("tests/unit/crypto/exponent_65539.hex");
    size_t size = 0;
    for (size_t i = 0; i < text.size && size + 1 < sizeof digits; i++) {
        if (text.bytes[i] != '\n') digits[size++] = (char)text.bytes[i];
    }
    expect_refused("open", recipient_open_der(runner_hex(digits), &none),
                   "recipient: this is no RSA-2048 private key");
    expect_true("untouched", none.pkey == NULL);
}

/* RSAES-OAEP with SHA-256, as recipient.c has it, of a content key of any size. */
static bool encrypt(const struct recipient *recipient, slice content_key, uint8_t *encrypted)
{
    size_t size = ENVELOPE_KEY_SIZE;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, recipient->pkey, NULL);
    const bool is_done =
        context && EVP_PKEY_encrypt_init(context) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_oaep_md_name(context, "SHA256", NULL) == 1 &&
        EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, "SHA256", NULL) == 1 &&
        EVP_PKEY_encrypt(context, encrypted, &size, content_key.bytes, content_key.size) == 1;
    EVP_PKEY_CTX_free(context);
    return is_done && size == ENVELOPE_KEY_SIZE;
}

/* Sizes that only the check of each can refuse: what lies inside is as it should be. */
static void sizes_inside(void)
{
    SCOPED(recipient_close) struct recipient recipient = {0};
    static uint8_t memory[ENVELOPE_SIZE_MAX];
    static struct envelope envelope;
    uint8_t plaintext[48], opened[48], content_key[33] = {0};
    struct builder builder;
    /* Cut after 32 bytes it would end in a whole block of padding. */
    memset(plaintext, 16, sizeof plaintext);
    expect_ok("open", recipient_open(&recipient));
    const struct recipient_seal seal = seal_for(&recipient, slice_of(plaintext, sizeof plaintext));
    builder_init(&builder, memory, sizeof memory);
    expect_ok("seal", recipient_seal(&seal, &builder));
    expect_ok("48 bytes", recipient_unseal(&recipient, builder_view(&builder), opened, 48));
    expect_refused("as 32 bytes", recipient_unseal(&recipient, builder_view(&builder), opened, 32),
                   "recipient: content has the wrong size");
    expect_ok("read", envelope_read(builder_view(&builder), &envelope));
    memcpy(content_key, secret_expose(&seal.content_key).bytes, 32);
    for (size_t size = 31; size <= sizeof content_key; size++) {
        runner_row_at("content key", size);
        expect_true("encrypt",
                    encrypt(&recipient, slice_of(content_key, size), envelope.encrypted_key));
        builder_init(&builder, memory, sizeof memory);
        envelope_write(&envelope, false, &builder);
        expect_outcome("unseal", recipient_unseal(&recipient, builder_view(&builder), opened, 48),
                       size == 32 ? NULL : cannot_be_opened);
    }
}

static void bad_keys(void)
{
    struct recipient none = {0};
    const char *no_private_key = "recipient: this is no RSA-2048 private key";
    uint8_t memory[4097] = {0x30};
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    expect_refused("garbage", recipient_open_der(slice_of(memory, 100), &none), no_private_key);
    expect_refused("too long", recipient_open_der(slice_of(memory, sizeof memory), &none),
                   no_private_key);
    /* RFC 6979's P-384 key: a private key, but not RSA. */
    expect_refused("not RSA",
                   recipient_open_der(
                       runner_hex("303e0201010430"
                                  "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
                                  "96d5724e4c70a825f872c9ea60d2edf5a00706052b81040022"),
                       &none),
                   no_private_key);
    const struct recipient_seal seal = {.public_key = slice_of(memory, 100),
                                        .plaintext = slice_text("x")};
    expect_refused("public key", recipient_seal(&seal, &builder),
                   "recipient: public key is not RSA-2048");
    expect_true("untouched", none.pkey == NULL);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"real envelope", real_envelope},
        {"real truncated", real_truncated},
        {"wrong keys", wrong_keys},
        {"round trips", round_trips},
        {"every byte counts", every_byte_counts},
        {"addressed to another", addressed_to_another},
        {"another exponent", another_exponent},
        {"sizes inside", sizes_inside},
        {"bad keys", bad_keys},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
