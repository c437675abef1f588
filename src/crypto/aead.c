#include "crypto/aead.h"

#include <openssl/err.h>
#include <openssl/evp.h>

status aead_open(struct aead *aead)
{
    struct aead opened = {.algorithm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL),
                          .context = EVP_CIPHER_CTX_new()};
    if (!opened.algorithm || !opened.context ||
        EVP_CipherInit_ex2(opened.context, opened.algorithm, NULL, NULL, 1, NULL) != 1) {
        aead_close(&opened);
        ERR_clear_error();
        FAIL(UNAVAILABLE, 0, "aead: AES-256-GCM is not available");
    }
    *aead = opened;
    return status_ok();
}

void aead_close(struct aead *aead)
{
    EVP_CIPHER_CTX_free(aead->context);
    EVP_CIPHER_free(aead->algorithm);
    *aead = (struct aead){0};
}

/* Replaces the schedule of the key just used, and what was computed from it, by a public key's. */
static void forget_key(struct aead *aead)
{
    static const uint8_t zero[32];
    if (EVP_CipherInit_ex2(aead->context, NULL, zero, zero, 1, NULL) != 1) {
        EVP_CIPHER_CTX_reset(aead->context);
    }
}

static bool put_part(struct aead *aead, uint8_t *output, slice part)
{
    int size = 0;
    if (part.size == 0) return true;
    return EVP_CipherUpdate(aead->context, output, &size, part.bytes, (int)part.size) == 1;
}

static bool seal(struct aead *aead, slice associated, slice plaintext, uint8_t *sealed)
{
    int size = 0;
    return put_part(aead, NULL, associated) && put_part(aead, sealed, plaintext) &&
           EVP_CipherFinal_ex(aead->context, sealed + plaintext.size, &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(aead->context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE,
                               sealed + plaintext.size) == 1;
}

status aead_seal(struct aead *aead, const struct aead_terms *terms, slice plaintext,
                 uint8_t *sealed)
{
    REQUIRE(terms->associated.size <= AEAD_SIZE_MAX && plaintext.size <= AEAD_SIZE_MAX, OVER_LIMIT,
            "aead: message is too long");
    const bool is_sealed = EVP_CipherInit_ex2(aead->context, NULL, secret_expose(terms->key).bytes,
                                              terms->nonce.bytes, 1, NULL) == 1 &&
                           seal(aead, terms->associated, plaintext, sealed);
    forget_key(aead);
    if (!is_sealed) {
        ERR_clear_error();
        FAIL(INTERNAL, 0, "aead: the library cannot encrypt");
    }
    return status_ok();
}

static bool unseal(struct aead *aead, slice associated, slice ciphertext, uint8_t *plaintext)
{
    uint8_t tag[AEAD_TAG_SIZE], unused[AEAD_TAG_SIZE];
    int size = 0;
    slice rest = slice_of(ciphertext.bytes + ciphertext.size, sizeof tag);
    return status_is_ok(slice_take_copy(&rest, sizeof tag, tag)) &&
           EVP_CIPHER_CTX_ctrl(aead->context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
           put_part(aead, NULL, associated) && put_part(aead, plaintext, ciphertext) &&
           EVP_CipherFinal_ex(aead->context, unused, &size) == 1;
}

status aead_unseal(struct aead *aead, const struct aead_terms *terms, slice sealed,
                   uint8_t *plaintext)
{
    REQUIRE(terms->associated.size <= AEAD_SIZE_MAX && sealed.size <= AEAD_SIZE_MAX, OVER_LIMIT,
            "aead: message is too long");
    REQUIRE(sealed.size >= AEAD_TAG_SIZE, CORRUPT, "aead: message cannot be opened");
    const slice ciphertext = slice_part(sealed, 0, sealed.size - AEAD_TAG_SIZE);
    const bool is_open = EVP_CipherInit_ex2(aead->context, NULL, secret_expose(terms->key).bytes,
                                            terms->nonce.bytes, 0, NULL) == 1 &&
                         unseal(aead, terms->associated, ciphertext, plaintext);
    forget_key(aead);
    if (!is_open) {
        ERR_clear_error();
        secret_wipe(plaintext, ciphertext.size);
        FAIL(CORRUPT, 0, "aead: message cannot be opened");
    }
    return status_ok();
}
