#include "dev/identity.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/x509.h"
#include "os/file.h"

enum {
    DAY_S = 24 * 3600,
    ROOT_LIFETIME_S = 30 * 365 * DAY_S,
    START_MARGIN_S = 3, /* AWS's leaves start that long before they are issued */
    SERIAL_BIT_COUNT = 127,
    NAME_SIZE_MAX = 65,
    MODULE_ID_SIZE_MAX = 48,
    PEM_SIZE_MAX = 4096,
};

/* One certificate of the chain. */
struct rank {
    const char *name; /* the common name's end; the leaf's and instance's begin with their id */
    int64_t lifetime_s;
    const char *constraints; /* basicConstraints and keyUsage in the library's notation */
    const char *usage;
};

static const struct rank root_rank = {"stand.nitro-enclaves", ROOT_LIFETIME_S, "critical,CA:TRUE",
                                      "critical,digitalSignature,keyCertSign,cRLSign"};
/* Below the root, as AWS's: regional, zonal, instance. */
static const struct rank bundle_ranks[IDENTITY_BUNDLE_COUNT - 1] = {
    {"regional.stand.nitro-enclaves", 20 * DAY_S, "critical,CA:TRUE,pathlen:2",
     "critical,digitalSignature,keyCertSign,cRLSign"},
    {"zonal.stand.nitro-enclaves", 6 * DAY_S, "critical,CA:TRUE,pathlen:1",
     "critical,digitalSignature,keyCertSign,cRLSign"},
    {"instance.stand.nitro-enclaves", DAY_S, "critical,CA:TRUE,pathlen:0", "critical,keyCertSign"},
};
static const struct rank leaf_rank = {".stand.aws", IDENTITY_LEAF_LIFETIME_S, "critical,CA:FALSE",
                                      "digitalSignature,nonRepudiation"};

/* What a certificate is made of. */
struct request {
    const struct rank *rank;
    const char *common_name;
    int64_t now_s;
    EVP_PKEY *key;
    X509 *issuer; /* NULL for the root */
    EVP_PKEY *issuer_key;
};

static bool add_text(X509_NAME *name, const char *type, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, type, MBSTRING_ASC, (const unsigned char *)text, -1, -1,
                                      0) == 1;
}

static bool set_names(X509 *certificate, const struct request *request)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return add_text(name, "C", "US") && add_text(name, "O", "enclave-wallet") &&
           add_text(name, "OU", "stand") && add_text(name, "CN", request->common_name) &&
           X509_set_issuer_name(
               certificate, request->issuer ? X509_get_subject_name(request->issuer) : name) == 1;
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    const bool is_set =
        number && BN_rand(number, SERIAL_BIT_COUNT, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return is_set;
}

static bool set_times(X509 *certificate, const struct request *request)
{
    const time_t start = (time_t)(request->now_s - START_MARGIN_S);
    const time_t end = (time_t)(request->now_s - START_MARGIN_S + request->rank->lifetime_s);
    return ASN1_TIME_set(X509_getm_notBefore(certificate), start) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), end);
}

static bool add_extension(X509 *certificate, const struct request *request, int type,
                          const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, request->issuer ? request->issuer : certificate, certificate, NULL,
                   NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, type, value);
    const bool is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool fill_certificate(X509 *certificate, const struct request *request)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           set_names(certificate, request) && set_times(certificate, request) &&
           X509_set_pubkey(certificate, request->key) == 1 &&
           add_extension(certificate, request, NID_basic_constraints, request->rank->constraints) &&
           add_extension(certificate, request, NID_key_usage, request->rank->usage) &&
           add_extension(certificate, request, NID_subject_key_identifier, "hash") &&
           (!request->issuer ||
            add_extension(certificate, request, NID_authority_key_identifier, "keyid")) &&
           X509_sign(certificate, request->issuer_key, EVP_sha384()) > 0;
}

/* NULL when the library cannot. */
static X509 *make_certificate(const struct request *request)
{
    X509 *certificate = X509_new();
    if (certificate && !fill_certificate(certificate, request)) {
        X509_free(certificate);
        certificate = NULL;
    }
    ERR_clear_error();
    return certificate;
}

static status write_certificate(X509 *certificate, struct identity_certificate *written)
{
    uint8_t *at = written->bytes;
    const int size = certificate ? i2d_X509(certificate, NULL) : 0;
    REQUIRE(size > 0 && size <= IDENTITY_CERTIFICATE_SIZE_MAX, INTERNAL,
            "identity: the library cannot make a certificate");
    written->size = (size_t)i2d_X509(certificate, &at);
    return status_ok();
}

static status make_root(const struct es384_key *key, int64_t now_s,
                        struct identity_certificate *written)
{
    const struct request request = {
        .rank = &root_rank,
        .common_name = root_rank.name,
        .now_s = now_s,
        .key = key->pkey,
        .issuer_key = key->pkey,
    };
    X509 *certificate = make_certificate(&request);
    const status result = write_certificate(certificate, written);
    X509_free(certificate);
    return result;
}

static status print_path(const char *folder, const char *name, char *path)
{
    const int size = snprintf(path, FILE_PATH_SIZE_MAX, "%s/%s", folder, name);
    REQUIRE(size > 0 && size < FILE_PATH_SIZE_MAX, BAD_INPUT,
            "identity: folder's path is too long");
    return status_ok();
}

/* What a memory BIO holds. */
static slice view_bio(BIO *bio)
{
    char *bytes = NULL;
    const long size = BIO_get_mem_data(bio, &bytes);
    return slice_of(bytes, size > 0 ? (size_t)size : 0);
}

/* Another program that was faster is no failure: its file is read afterwards. */
static status write_unless_there(const char *path, slice contents, unsigned mode)
{
    REQUIRE(contents.size > 0, INTERNAL, "identity: the library cannot print PEM");
    const status written = file_write_new(path, contents, mode);
    return status_is(written, FAILURE_CONFLICT) ? status_ok() : written;
}

static status make_key_file(const char *path)
{
    SCOPED(es384_close) struct es384_key key = {0};
    TRY(es384_open(&key));
    BIO *pem = BIO_new(BIO_s_mem()); /* wipes what it held when it is freed */
    REQUIRE(pem, UNAVAILABLE, "identity: no memory left");
    (void)PEM_write_bio_PKCS8PrivateKey(pem, key.pkey, NULL, NULL, 0, NULL, NULL);
    const status result = write_unless_there(path, view_bio(pem), FILE_MODE_PRIVATE);
    BIO_free(pem);
    return result;
}

static status make_certificate_file(const char *path, const struct es384_key *key, int64_t now_s)
{
    struct identity_certificate made;
    TRY(make_root(key, now_s, &made));
    const unsigned char *at = made.bytes;
    X509 *certificate = d2i_X509(NULL, &at, (long)made.size);
    BIO *pem = BIO_new(BIO_s_mem());
    if (certificate && pem) (void)PEM_write_bio_X509(pem, certificate);
    const status result =
        write_unless_there(path, pem ? view_bio(pem) : slice_of(NULL, 0), FILE_MODE_PUBLIC);
    BIO_free(pem);
    X509_free(certificate);
    return result;
}

static status open_key(const char *path, struct es384_key *key)
{
    uint8_t memory[PEM_SIZE_MAX];
    struct builder pem;
    builder_init(&pem, memory, sizeof memory);
    status result = file_put_private(path, &pem);
    if (status_is_ok(result)) result = es384_open_pem(builder_view(&pem), key);
    secret_wipe(memory, sizeof memory);
    return result;
}

static status read_root(const char *path, struct identity *identity)
{
    uint8_t memory[PEM_SIZE_MAX];
    struct builder pem, der;
    es384_public_key of_key, of_certificate;
    builder_init(&pem, memory, sizeof memory);
    TRY(file_put(path, &pem));
    builder_init(&der, identity->certificate.bytes, sizeof identity->certificate.bytes);
    TRY(x509_read_pem(builder_view(&pem), &der));
    identity->certificate.size = der.size;
    const unsigned char *at = identity->certificate.bytes;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.size);
    const struct es384_key public_part = {certificate ? X509_get0_pubkey(certificate) : NULL};
    const status reading = es384_public(&public_part, &of_certificate);
    X509_free(certificate);
    TRY(reading);
    TRY(es384_public(&identity->key, &of_key));
    REQUIRE(slice_equal(slice_of(of_key.bytes, sizeof of_key.bytes),
                        slice_of(of_certificate.bytes, sizeof of_certificate.bytes)),
            CORRUPT, "identity: root.pem is not the certificate of root.key.pem");
    return status_ok();
}

static status open_folder(const char *folder, int64_t now_s, struct identity *identity)
{
    char key_path[FILE_PATH_SIZE_MAX], certificate_path[FILE_PATH_SIZE_MAX];
    TRY(print_path(folder, "root.key.pem", key_path));
    TRY(print_path(folder, "root.pem", certificate_path));
    TRY(file_make_folder(folder));
    if (!file_is_there(key_path)) TRY(make_key_file(key_path));
    TRY(open_key(key_path, &identity->key));
    if (!file_is_there(certificate_path)) {
        TRY(make_certificate_file(certificate_path, &identity->key, now_s));
    }
    return read_root(certificate_path, identity);
}

status identity_open(const char *folder, int64_t now_s, struct identity *identity)
{
    struct identity opened = {0};
    const status result = open_folder(folder, now_s, &opened);
    if (!status_is_ok(result)) {
        identity_close(&opened);
        return result;
    }
    *identity = opened;
    return status_ok();
}

status identity_open_new(int64_t now_s, struct identity *identity)
{
    struct identity opened = {0};
    TRY(es384_open(&opened.key));
    const status result = make_root(&opened.key, now_s, &opened.certificate);
    if (!status_is_ok(result)) {
        identity_close(&opened);
        return result;
    }
    *identity = opened;
    return status_ok();
}

void identity_close(struct identity *identity)
{
    es384_close(&identity->key);
    *identity = (struct identity){0};
}

slice identity_certificate_view(const struct identity_certificate *certificate)
{
    return slice_of(certificate->bytes, certificate->size);
}

/* One step down the chain: a certificate for `key`, then its holder becomes the issuer. */
struct descent {
    X509 *issuer;
    EVP_PKEY *issuer_key;
    int64_t now_s;
};

static status issue(struct descent *descent, const struct rank *rank, const char *common_name,
                    const struct es384_key *key, struct identity_certificate *written)
{
    const struct request request = {
        .rank = rank,
        .common_name = common_name,
        .now_s = descent->now_s,
        .key = key->pkey,
        .issuer = descent->issuer,
        .issuer_key = descent->issuer_key,
    };
    X509 *certificate = make_certificate(&request);
    const status result = write_certificate(certificate, written);
    X509_free(descent->issuer);
    descent->issuer = certificate;
    descent->issuer_key = key->pkey;
    return result;
}

static void close_descent(struct descent *descent)
{
    X509_free(descent->issuer);
}

struct bundle_keys {
    struct es384_key keys[IDENTITY_BUNDLE_COUNT - 1];
};

static void close_bundle_keys(struct bundle_keys *bundle)
{
    for (size_t i = 0; i < IDENTITY_BUNDLE_COUNT - 1; i++) es384_close(&bundle->keys[i]);
}

static status issue_chain(const struct identity *identity, const char *leaf_name, int64_t now_s,
                          struct identity_leaf *leaf)
{
    SCOPED(close_bundle_keys) struct bundle_keys bundle = {0};
    const unsigned char *at = identity->certificate.bytes;
    SCOPED(close_descent)
    struct descent descent = {
        .issuer = d2i_X509(NULL, &at, (long)identity->certificate.size),
        .issuer_key = identity->key.pkey,
        .now_s = now_s,
    };
    REQUIRE(descent.issuer, UNAVAILABLE, "identity: no memory left");
    leaf->bundle[0] = identity->certificate;
    for (size_t i = 0; i < IDENTITY_BUNDLE_COUNT - 1; i++) {
        const struct rank *rank = &bundle_ranks[i];
        TRY(es384_open(&bundle.keys[i]));
        TRY(issue(&descent, rank, rank->name, &bundle.keys[i], &leaf->bundle[i + 1]));
    }
    TRY(es384_open(&leaf->key));
    leaf->not_after_s = now_s - START_MARGIN_S + leaf_rank.lifetime_s;
    return issue(&descent, &leaf_rank, leaf_name, &leaf->key, &leaf->certificate);
}

status identity_issue(const struct identity *identity, slice module_id, int64_t now_s,
                      struct identity_leaf *leaf)
{
    char name[NAME_SIZE_MAX];
    struct identity_leaf issued = {0};
    REQUIRE(module_id.size > 0 && module_id.size <= MODULE_ID_SIZE_MAX, BAD_INPUT,
            "identity: module id must have 1 to 48 characters");
    snprintf(name, sizeof name, "%.*s%s", (int)module_id.size, (const char *)module_id.bytes,
             leaf_rank.name);
    const status result = issue_chain(identity, name, now_s, &issued);
    if (!status_is_ok(result)) {
        identity_leaf_close(&issued);
        return result;
    }
    *leaf = issued;
    return status_ok();
}

void identity_leaf_close(struct identity_leaf *leaf)
{
    es384_close(&leaf->key);
    *leaf = (struct identity_leaf){0};
}
