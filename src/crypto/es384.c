#include "crypto/es384.h"
#include "crypto/pem.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum {
    SCALAR_SIZE = 48,
    SIGNATURE_DER_SIZE_MAX = 128, /* two integers of 49 bytes and their heads are 104 */
};

static const char *const group_name = "secp384r1";

/* Makes the library's key object of a point. NULL when the point is not on the curve. */
static EVP_PKEY *import_public(const es384_public_key *public_key)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    es384_public_key point = *public_key;
    char group[] = "secp384r1";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.bytes, sizeof point.bytes),
        OSSL_PARAM_construct_end(),
    };
    if (context && EVP_PKEY_fromdata_init(context) == 1) {
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters);
    }
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

/* The library takes DER only. Returns its size, or 0. */
static size_t write_der(const es384_signature *signature, uint8_t *der)
{
    ECDSA_SIG *parts = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature->bytes, SCALAR_SIZE, NULL);
    BIGNUM *s = BN_bin2bn(signature->bytes + SCALAR_SIZE, SCALAR_SIZE, NULL);
    int size = 0;
    if (parts && r && s && ECDSA_SIG_set0(parts, r, s) == 1) {
        size = i2d_ECDSA_SIG(parts, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(parts);
    return size > 0 ? (size_t)size : 0;
}

static bool is_signed(EVP_PKEY *pkey, const hash48 *digest, slice der)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    const bool result =
        context && EVP_PKEY_verify_init(context) == 1 &&
        EVP_PKEY_verify(context, der.bytes, der.size, digest->bytes, sizeof digest->bytes) == 1;
    EVP_PKEY_CTX_free(context);
    return result;
}

status es384_verify(const es384_public_key *public_key, const hash48 *digest,
                    const es384_signature *signature)
{
    REQUIRE(!is_zero(signature->bytes, SCALAR_SIZE) &&
                !is_zero(signature->bytes + SCALAR_SIZE, SCALAR_SIZE),
            BAD_INPUT, "es384: r and s must not be zero");
    /* The library also takes the hybrid form, which says y twice (X9.62: 06 and 07). */
    REQUIRE(public_key->bytes[0] == 4, BAD_INPUT, "es384: public key is not a point of P-384");
    uint8_t der[SIGNATURE_DER_SIZE_MAX];
    const size_t der_size = write_der(signature, der);
    EVP_PKEY *pkey = import_public(public_key);
    const bool has_key = pkey != NULL;
    const bool result = has_key && der_size > 0 && is_signed(pkey, digest, slice_of(der, der_size));
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    REQUIRE(has_key, BAD_INPUT, "es384: public key is not a point of P-384");
    REQUIRE(result, DENIED, "es384: signature is not valid");
    return status_ok();
}

status es384_open(struct es384_key *key)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group_name);
    ERR_clear_error();
    REQUIRE(pkey, INTERNAL, "es384: the library cannot make a key");
    key->pkey = pkey;
    return status_ok();
}

/* Takes the key over if it is what it should be; releases it if not. */
static status adopt(EVP_PKEY *pkey, struct es384_key *key)
{
    char group[32] = "";
    const bool is_p384 = pkey && EVP_PKEY_is_a(pkey, "EC") == 1 &&
                         EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
                                                        sizeof group, NULL) == 1 &&
                         slice_equal(slice_text(group), slice_text(group_name));
    ERR_clear_error();
    if (!is_p384) {
        EVP_PKEY_free(pkey);
        FAIL(BAD_INPUT, 0, "es384: this is no P-384 private key");
    }
    key->pkey = pkey;
    return status_ok();
}

status es384_open_der(slice der, struct es384_key *key)
{
    REQUIRE(der.size <= ES384_KEY_DER_SIZE_MAX, BAD_INPUT, "es384: this is no P-384 private key");
    const unsigned char *at = der.bytes;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.size);
    if (pkey && at != der.bytes + der.size) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    return adopt(pkey, key);
}

status es384_open_pem(slice pem, struct es384_key *key)
{
    REQUIRE(pem.size <= 16 * ES384_KEY_DER_SIZE_MAX, BAD_INPUT,
            "es384: this is no P-384 private key");
    BIO *input = BIO_new_mem_buf(pem.bytes, (int)pem.size);
    EVP_PKEY *pkey =
        input ? PEM_read_bio_PrivateKey(input, NULL, pem_refuse_passphrase, NULL) : NULL;
    BIO_free(input);
    return adopt(pkey, key);
}

void es384_close(struct es384_key *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}

status es384_public(const struct es384_key *key, es384_public_key *public_key)
{
    es384_public_key point;
    size_t size = 0;
    const bool is_read =
        EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.bytes,
                                        sizeof point.bytes, &size) == 1 &&
        size == sizeof point.bytes && point.bytes[0] == 4;
    ERR_clear_error();
    REQUIRE(is_read, INTERNAL, "es384: the library cannot tell the public key");
    *public_key = point;
    return status_ok();
}

static bool read_der(const uint8_t *der, size_t der_size, es384_signature *signature)
{
    const unsigned char *at = der;
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &at, (long)der_size);
    const bool result =
        parts &&
        BN_bn2binpad(ECDSA_SIG_get0_r(parts), signature->bytes, SCALAR_SIZE) == SCALAR_SIZE &&
        BN_bn2binpad(ECDSA_SIG_get0_s(parts), signature->bytes + SCALAR_SIZE, SCALAR_SIZE) ==
            SCALAR_SIZE;
    ECDSA_SIG_free(parts);
    return result;
}

status es384_sign(const struct es384_key *key, const hash48 *digest, es384_signature *signature)
{
    uint8_t der[SIGNATURE_DER_SIZE_MAX];
    size_t der_size = sizeof der;
    es384_signature made;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    const bool result =
        context && EVP_PKEY_sign_init(context) == 1 &&
        EVP_PKEY_sign(context, der, &der_size, digest->bytes, sizeof digest->bytes) == 1 &&
        read_der(der, der_size, &made);
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    REQUIRE(result, INTERNAL, "es384: the library cannot sign");
    *signature = made;
    return status_ok();
}
