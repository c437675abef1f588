#include "crypto/recipient.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/envelope.h"

enum {
    RSA_BIT_COUNT = 2048,
    CONTENT_KEY_SIZE = 32,
    BLOCK_SIZE = 16, /* of AES */
    KEY_DER_SIZE_MAX = 4096,
};

/* Takes the key over if it is what it should be; releases it if not. */
static bool adopt(EVP_PKEY *pkey, struct recipient *recipient)
{
    /* INTEGER 65537, the end of the encoding: with the total size it fixes the modulus' size. */
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    struct recipient adopted = {.pkey = pkey};
    unsigned char *at = adopted.public_key;
    const bool is_wanted = pkey && EVP_PKEY_is_a(pkey, "RSA") == 1 &&
                           EVP_PKEY_get_bits(pkey) == RSA_BIT_COUNT &&
                           i2d_PUBKEY(pkey, NULL) == RECIPIENT_PUBLIC_KEY_SIZE &&
                           i2d_PUBKEY(pkey, &at) == RECIPIENT_PUBLIC_KEY_SIZE &&
                           slice_equal(slice_of(at - sizeof exponent, sizeof exponent),
                                       slice_of(exponent, sizeof exponent));
    ERR_clear_error();
    if (!is_wanted) {
        EVP_PKEY_free(pkey);
        return false;
    }
    adopted.id = sha256(recipient_public_key(&adopted));
    *recipient = adopted;
    return true;
}

status recipient_open(struct recipient *recipient)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BIT_COUNT);
    REQUIRE(adopt(pkey, recipient), INTERNAL, "recipient: the library cannot make a key");
    return status_ok();
}

status recipient_open_der(slice der, struct recipient *recipient)
{
    REQUIRE(der.size <= KEY_DER_SIZE_MAX, BAD_INPUT, "recipient: this is no RSA-2048 private key");
    const unsigned char *at = der.bytes;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.size);
    REQUIRE(adopt(pkey, recipient), BAD_INPUT, "recipient: this is no RSA-2048 private key");
    return status_ok();
}

void recipient_close(struct recipient *recipient)
{
    EVP_PKEY_free(recipient->pkey);
    *recipient = (struct recipient){0};
}

slice recipient_public_key(const struct recipient *recipient)
{
    return slice_of(recipient->public_key, sizeof recipient->public_key);
}

/* RSAES-OAEP with SHA-256, MGF1 with SHA-256 and no label, in either direction. */
static bool set_oaep(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md_name(context, "SHA256", NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, "SHA256", NULL) == 1;
}

static bool open_content_key(EVP_PKEY *pkey, const struct envelope *envelope,
                             struct secret32 *content_key)
{
    uint8_t opened[ENVELOPE_KEY_SIZE]; /* the library wants room for a whole modulus */
    size_t opened_size = sizeof opened;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    const bool is_open = context && EVP_PKEY_decrypt_init(context) == 1 && set_oaep(context) &&
                         EVP_PKEY_decrypt(context, opened, &opened_size, envelope->encrypted_key,
                                          sizeof envelope->encrypted_key) == 1 &&
                         opened_size == CONTENT_KEY_SIZE;
    if (is_open) memcpy(content_key->bytes, opened, CONTENT_KEY_SIZE);
    secret_wipe(opened, sizeof opened);
    EVP_PKEY_CTX_free(context);
    return is_open;
}

/* AES-256-CBC without padding, of whole blocks. */
static bool run_cipher(const struct secret32 *key, const uint8_t *iv, slice input, bool is_sealing,
                       uint8_t *output)
{
    int size = 0, rest_size = 0;
    EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const bool is_done =
        algorithm && context &&
        EVP_CipherInit_ex2(context, algorithm, secret_expose(key).bytes, iv, is_sealing, NULL) ==
            1 &&
        EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
        EVP_CipherUpdate(context, output, &size, input.bytes, (int)input.size) == 1 &&
        EVP_CipherFinal_ex(context, output + size, &rest_size) == 1;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(algorithm);
    return is_done;
}

static size_t padding_size(size_t plaintext_size)
{
    return BLOCK_SIZE - plaintext_size % BLOCK_SIZE;
}

/* The plaintext's size is known, so its padding is too: nothing here depends on what it says. */
static bool open_content(const struct envelope *envelope, const struct secret32 *content_key,
                         uint8_t *plaintext, size_t size)
{
    uint8_t opened[ENVELOPE_CONTENT_SIZE_MAX], padding[BLOCK_SIZE];
    const size_t pad_size = padding_size(size);
    memset(padding, (int)pad_size, sizeof padding);
    const bool is_open =
        run_cipher(content_key, envelope->iv, slice_of(envelope->content, envelope->content_size),
                   false, opened) &&
        secret_equal(slice_of(opened + size, pad_size), slice_of(padding, pad_size));
    if (is_open) memcpy(plaintext, opened, size);
    secret_wipe(opened, sizeof opened);
    return is_open;
}

status recipient_unseal(const struct recipient *recipient, slice envelope, uint8_t *plaintext,
                        size_t size)
{
    SCOPED(secret32_wipe) struct secret32 content_key = {0};
    struct envelope read;
    REQUIRE(size > 0 && size <= RECIPIENT_PLAINTEXT_SIZE_MAX, BAD_INPUT,
            "recipient: plaintext must have 1 to 4096 bytes");
    TRY(envelope_read(envelope, &read));
    REQUIRE(hash32_equal(&read.recipient_id, &recipient->id), DENIED,
            "recipient: envelope is for another key");
    REQUIRE(read.content_size == size + padding_size(size), BAD_INPUT,
            "recipient: content has the wrong size");
    const bool is_open = open_content_key(recipient->pkey, &read, &content_key) &&
                         open_content(&read, &content_key, plaintext, size);
    ERR_clear_error();
    REQUIRE(is_open, CORRUPT, "recipient: envelope cannot be opened");
    return status_ok();
}

status recipient_unseal_key(const struct recipient *recipient, slice envelope, struct secret32 *key)
{
    SCOPED(secret32_wipe) struct secret32 opened = {0};
    TRY(recipient_unseal(recipient, envelope, opened.bytes, sizeof opened.bytes));
    *key = opened;
    return status_ok();
}

static bool seal_content_key(slice public_key, const struct secret32 *content_key,
                             struct envelope *envelope)
{
    const unsigned char *at = public_key.bytes;
    size_t size = sizeof envelope->encrypted_key;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)public_key.size);
    EVP_PKEY_CTX *context = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
    const bool is_sealed =
        context && EVP_PKEY_is_a(pkey, "RSA") == 1 && EVP_PKEY_get_bits(pkey) == RSA_BIT_COUNT &&
        EVP_PKEY_encrypt_init(context) == 1 && set_oaep(context) &&
        EVP_PKEY_encrypt(context, envelope->encrypted_key, &size, secret_expose(content_key).bytes,
                         CONTENT_KEY_SIZE) == 1 &&
        size == sizeof envelope->encrypted_key;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return is_sealed;
}

static bool seal_content(const struct recipient_seal *seal, struct envelope *envelope)
{
    uint8_t padded[ENVELOPE_CONTENT_SIZE_MAX];
    const size_t pad_size = padding_size(seal->plaintext.size);
    memcpy(padded, seal->plaintext.bytes, seal->plaintext.size);
    memset(padded + seal->plaintext.size, (int)pad_size, pad_size);
    envelope->content_size = seal->plaintext.size + pad_size;
    memcpy(envelope->iv, seal->iv, sizeof envelope->iv);
    const bool is_sealed =
        run_cipher(&seal->content_key, seal->iv, slice_of(padded, envelope->content_size), true,
                   envelope->content);
    secret_wipe(padded, sizeof padded);
    return is_sealed;
}

status recipient_seal(const struct recipient_seal *seal, struct builder *envelope)
{
    struct envelope made = {.recipient_id = sha256(seal->public_key)};
    REQUIRE(seal->plaintext.size > 0 && seal->plaintext.size <= RECIPIENT_PLAINTEXT_SIZE_MAX,
            BAD_INPUT, "recipient: plaintext must have 1 to 4096 bytes");
    REQUIRE(seal->public_key.size <= KEY_DER_SIZE_MAX &&
                seal_content_key(seal->public_key, &seal->content_key, &made),
            BAD_INPUT, "recipient: public key is not RSA-2048");
    REQUIRE(seal_content(seal, &made), INTERNAL, "recipient: the library cannot encrypt");
    envelope_write(&made, seal->is_constructed, envelope);
    return status_ok();
}
