#include "certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static void must(bool condition)
{
    if (!condition) abort();
}

static void extension_add(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void pem_write(struct certificate *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    must(bio && PEM_write_bio_X509(bio, certificate->x509) == 1);
    const int size = BIO_read(bio, certificate->pem, sizeof certificate->pem - 1);
    must(size > 0);
    certificate->pem[size] = 0;
    must(PEM_write_bio_PrivateKey(bio, certificate->key, NULL, NULL, 0, NULL, NULL) == 1);
    const int key_size = BIO_read(bio, certificate->key_pem, sizeof certificate->key_pem - 1);
    must(key_size > 0);
    certificate->key_pem[key_size] = 0;
    BIO_free(bio);
}

void certificate_open(struct certificate *certificate, const struct certificate_wish *wish)
{
    static int64_t serial;
    X509 *x509 = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(x509 && key);
    *certificate = (struct certificate){.key = key, .x509 = x509};
    X509 *issuer = wish->issuer ? wish->issuer->x509 : x509;
    X509_NAME *name = X509_get_subject_name(x509);
    X509_set_version(x509, 2);
    ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), ++serial);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const unsigned char *)wish->common_name, -1, -1, 0) == 1);
    must(X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1);
    must(ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)wish->not_before_s) != NULL);
    must(ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)wish->not_after_s) != NULL);
    must(X509_set_pubkey(x509, key) == 1);
    extension_add(x509, issuer, NID_basic_constraints,
                  wish->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extension_add(x509, issuer, NID_subject_key_identifier, "hash");
    if (wish->alternative_name) {
        extension_add(x509, issuer, NID_subject_alt_name, wish->alternative_name);
    }
    if (wish->usage) extension_add(x509, issuer, NID_ext_key_usage, wish->usage);
    must(X509_sign(x509, wish->issuer ? wish->issuer->key : key, EVP_sha256()) > 0);
    pem_write(certificate);
}

void certificate_close(struct certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    *certificate = (struct certificate){0};
}

slice certificate_pem(const struct certificate *certificate)
{
    return slice_text(certificate->pem);
}

slice certificate_key_pem(const struct certificate *certificate)
{
    return slice_text(certificate->key_pem);
}
