#include "crypto/x509.h"
#include "crypto/pem.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* Everything that a verification holds in the library. */
struct verification {
    X509 *root;
    X509 *leaf;
    STACK_OF(X509) * intermediates;
    X509_STORE *store;
    X509_STORE_CTX *context;
};

static void close_verification(struct verification *verification)
{
    X509_STORE_CTX_free(verification->context);
    X509_STORE_free(verification->store);
    sk_X509_pop_free(verification->intermediates, X509_free);
    X509_free(verification->leaf);
    X509_free(verification->root);
    ERR_clear_error();
}

/* NULL unless the bytes are one certificate and nothing else. */
static X509 *read_certificate(slice der)
{
    if (der.size == 0 || der.size > X509_CERTIFICATE_SIZE_MAX) return NULL;
    const unsigned char *at = der.bytes;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.size);
    if (certificate && at != der.bytes + der.size) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static status read_chain(const struct x509_chain *chain, struct verification *verification)
{
    REQUIRE(chain->intermediate_count <= X509_CHAIN_COUNT_MAX, BAD_INPUT,
            "x509: chain has too many certificates");
    verification->root = read_certificate(chain->root);
    REQUIRE(verification->root, BAD_INPUT, "x509: root is not a certificate");
    verification->leaf = read_certificate(chain->leaf);
    REQUIRE(verification->leaf, BAD_INPUT, "x509: leaf is not a certificate");
    verification->intermediates = sk_X509_new_null();
    REQUIRE(verification->intermediates, UNAVAILABLE, "x509: no memory left");
    for (size_t i = 0; i < chain->intermediate_count; i++) {
        X509 *certificate = read_certificate(chain->intermediates[i]);
        REQUIRE(certificate, BAD_INPUT, "x509: an intermediate is not a certificate");
        if (sk_X509_push(verification->intermediates, certificate) == 0) {
            X509_free(certificate);
            FAIL(UNAVAILABLE, 0, "x509: no memory left");
        }
    }
    return status_ok();
}

/* The library's reasons, in our words. */
static status explain(int error)
{
    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        FAIL(DENIED, error, "x509: chain does not reach the trusted root");
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        FAIL(DENIED, error, "x509: signature of a certificate is not valid");
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
        FAIL(DENIED, error, "x509: an issuer may not issue what it issued");
    default: FAIL(DENIED, error, "x509: chain breaks a rule of RFC 5280");
    }
}

static status verify_path(struct verification *verification)
{
    verification->store = X509_STORE_new();
    verification->context = X509_STORE_CTX_new();
    REQUIRE(verification->store && verification->context &&
                X509_STORE_add_cert(verification->store, verification->root) == 1 &&
                X509_STORE_CTX_init(verification->context, verification->store, verification->leaf,
                                    verification->intermediates) == 1,
            UNAVAILABLE, "x509: no memory left");
    /* Time is checked below, where a leeway can be given. No purpose fits an enclave's leaf. */
    X509_STORE_CTX_set_flags(verification->context, X509_V_FLAG_NO_CHECK_TIME);
    X509_STORE_CTX_set_depth(verification->context, X509_CHAIN_COUNT_MAX);
    if (X509_verify_cert(verification->context) != 1) {
        return explain(X509_STORE_CTX_get_error(verification->context));
    }
    return status_ok();
}

static status check_time(const X509 *certificate, const struct x509_chain *chain)
{
    time_t latest_start = (time_t)(chain->now_s + chain->not_before_leeway_s);
    time_t second_before = (time_t)(chain->now_s - 1); /* the last second still counts */
    /* X509_cmp_time: -1 when the certificate's time is not after the other, 0 when unreadable. */
    const int start = X509_cmp_time(X509_get0_notBefore(certificate), &latest_start);
    const int end = X509_cmp_time(X509_get0_notAfter(certificate), &second_before);
    REQUIRE(start != 0 && end != 0, BAD_INPUT, "x509: a certificate's time is malformed");
    REQUIRE(start < 0, DENIED, "x509: a certificate is not valid yet");
    REQUIRE(end > 0, DENIED, "x509: a certificate has expired");
    return status_ok();
}

static status read_public_key(const X509 *certificate, es384_public_key *public_key)
{
    es384_public_key point;
    size_t size = 0;
    char group[32] = "";
    EVP_PKEY *pkey = X509_get0_pubkey(certificate);
    const bool is_p384 = pkey && EVP_PKEY_is_a(pkey, "EC") == 1 &&
                         EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
                                                        sizeof group, NULL) == 1 &&
                         slice_equal(slice_text(group), slice_text("secp384r1")) &&
                         EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point.bytes,
                                                         sizeof point.bytes, &size) == 1 &&
                         size == sizeof point.bytes && point.bytes[0] == 4;
    REQUIRE(is_p384, DENIED, "x509: a certificate's key is not a P-384 key");
    *public_key = point;
    return status_ok();
}

static status check_certificate(X509 *certificate, const struct x509_chain *chain)
{
    es384_public_key unused;
    TRY(check_time(certificate, chain));
    REQUIRE(X509_get_signature_nid(certificate) == NID_ecdsa_with_SHA384, DENIED,
            "x509: a certificate is not signed with ECDSA and SHA-384");
    return read_public_key(certificate, &unused);
}

/* The rules for a leaf that X509_verify_cert checks only for purposes it knows. */
static status check_leaf(X509 *leaf)
{
    REQUIRE(X509_check_ca(leaf) == 0, DENIED, "x509: the leaf must not be a CA");
    /* UINT32_MAX when the extension is absent, which allows everything (RFC 5280, 4.2.1.3). */
    REQUIRE(X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE, DENIED, "x509: the leaf may not sign");
    return status_ok();
}

status x509_verify(const struct x509_chain *chain, es384_public_key *public_key)
{
    SCOPED(close_verification) struct verification verification = {0};
    TRY(read_chain(chain, &verification));
    TRY(verify_path(&verification));
    STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(verification.context);
    for (int i = 0; i < sk_X509_num(path); i++) {
        X509 *certificate = sk_X509_value(path, i);
        TRY(check_certificate(certificate, chain));
        /* 1 means by its basic constraints; the library would accept weaker signs. */
        REQUIRE(i == 0 || X509_check_ca(certificate) == 1, DENIED,
                "x509: an issuer may not issue what it issued");
    }
    TRY(check_leaf(verification.leaf));
    return read_public_key(verification.leaf, public_key);
}

static void close_certificate(X509 **certificate)
{
    X509_free(*certificate);
    ERR_clear_error();
}

status x509_public_key(slice certificate, int64_t now_s, es384_public_key *public_key)
{
    const struct x509_chain alone = {.now_s = now_s};
    SCOPED(close_certificate) X509 *found = read_certificate(certificate);
    REQUIRE(found, BAD_INPUT, "x509: leaf is not a certificate");
    TRY(check_time(found, &alone));
    return read_public_key(found, public_key);
}

status x509_read_pem(slice pem, struct builder *der)
{
    REQUIRE(pem.size <= 4 * X509_CERTIFICATE_SIZE_MAX, BAD_INPUT,
            "x509: this is no PEM certificate");
    BIO *input = BIO_new_mem_buf(pem.bytes, (int)pem.size);
    X509 *certificate = input ? PEM_read_bio_X509(input, NULL, pem_refuse_passphrase, NULL) : NULL;
    BIO_free(input);
    ERR_clear_error();
    REQUIRE(certificate, BAD_INPUT, "x509: this is no PEM certificate");
    unsigned char *bytes = NULL;
    const int size = i2d_X509(certificate, &bytes);
    X509_free(certificate);
    if (size > 0) builder_put(der, slice_of(bytes, (size_t)size));
    OPENSSL_free(bytes);
    REQUIRE(size > 0 && !builder_is_over(der), OVER_LIMIT, "x509: certificate is too large");
    return status_ok();
}
