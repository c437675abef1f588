#include "dev/tls_identity.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/secret.h"
#include "crypto/pem.h"
#include "os/file.h"

enum { SERIAL_BIT_COUNT = 127, DAY_S = 24 * 3600, START_MARGIN_S = 3600, TEXT_SIZE_MAX = 512 };

/* One certificate to be made. */
struct plan {
    const char *common_name;
    const char *constraints, *usage; /* in the library's notation */
    const char *names;               /* subjectAltName, or NULL */
    int64_t not_before_s, not_after_s;
    EVP_PKEY *key;
    X509 *issuer; /* NULL: itself */
    EVP_PKEY *issuer_key;
};

/* A certificate and its private key. `{0}` is closed. */
struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

static void close_pair(struct pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    *pair = (struct pair){0};
    ERR_clear_error();
}

static bool set_names(X509 *certificate, const struct plan *plan)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"enclave-wallet",
                                      -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)plan->common_name,
                                      -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate,
                                plan->issuer ? X509_get_subject_name(plan->issuer) : name) == 1;
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

static bool add_extension(X509 *certificate, const struct plan *plan, int type, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, plan->issuer ? plan->issuer : certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, type, value);
    const bool is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool fill_certificate(X509 *certificate, const struct plan *plan)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           set_names(certificate, plan) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)plan->not_before_s) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)plan->not_after_s) &&
           X509_set_pubkey(certificate, plan->key) == 1 &&
           add_extension(certificate, plan, NID_basic_constraints, plan->constraints) &&
           add_extension(certificate, plan, NID_key_usage, plan->usage) &&
           add_extension(certificate, plan, NID_subject_key_identifier, "hash") &&
           (!plan->issuer ||
            add_extension(certificate, plan, NID_authority_key_identifier, "keyid")) &&
           (!plan->names || (add_extension(certificate, plan, NID_subject_alt_name, plan->names) &&
                             add_extension(certificate, plan, NID_ext_key_usage, "serverAuth"))) &&
           X509_sign(certificate, plan->issuer_key, EVP_sha256()) > 0;
}

static status make_certificate(const struct plan *plan, X509 **made)
{
    X509 *certificate = X509_new();
    if (certificate && fill_certificate(certificate, plan)) {
        *made = certificate;
        return status_ok();
    }
    X509_free(certificate);
    ERR_clear_error();
    FAIL(INTERNAL, 0, "tls_identity: the library cannot make a certificate");
}

static status make_key(EVP_PKEY **key)
{
    *key = EVP_EC_gen("P-256");
    REQUIRE(*key, INTERNAL, "tls_identity: the library cannot make a key");
    return status_ok();
}

static status make_authority(int64_t now_s, struct pair *authority)
{
    TRY(make_key(&authority->key));
    const struct plan plan = {.common_name = "enclave-wallet stand authority",
                              .constraints = "critical,CA:TRUE,pathlen:0",
                              .usage = "critical,keyCertSign,cRLSign",
                              .not_before_s = now_s - START_MARGIN_S,
                              .not_after_s = now_s + TLS_IDENTITY_CA_LIFETIME_S,
                              .key = authority->key,
                              .issuer_key = authority->key};
    return make_certificate(&plan, &authority->certificate);
}

static status print_names(const struct tls_identity_order *order, char *names)
{
    REQUIRE(strlen(order->host) <= TLS_IDENTITY_HOST_SIZE_MAX, OVER_LIMIT,
            "tls_identity: host is too long");
    snprintf(names, TEXT_SIZE_MAX, "DNS:%s%s", order->host,
             order->is_only_host ? "" : ",DNS:localhost,IP:127.0.0.1");
    return status_ok();
}

static status make_server(const struct tls_identity_order *order, const struct pair *authority,
                          struct pair *server)
{
    char names[TEXT_SIZE_MAX];
    TRY(print_names(order, names));
    TRY(make_key(&server->key));
    /* A common name has at most 64 characters; clients look at the alternative names only. */
    const struct plan plan = {.common_name = "enclave-wallet stand server",
                              .constraints = "critical,CA:FALSE",
                              .usage = "critical,digitalSignature",
                              .names = names,
                              .not_before_s = order->not_before_s,
                              .not_after_s = order->not_after_s,
                              .key = server->key,
                              .issuer = authority->certificate,
                              .issuer_key = authority->key};
    return make_certificate(&plan, &server->certificate);
}

static status print_path(const char *folder, const char *name, char *path)
{
    const int size = snprintf(path, FILE_PATH_SIZE_MAX, "%s/%s", folder, name);
    REQUIRE(size > 0 && size < FILE_PATH_SIZE_MAX, BAD_INPUT,
            "tls_identity: folder's path is too long");
    return status_ok();
}

static slice view_bio(BIO *bio)
{
    char *bytes = NULL;
    const long size = bio ? BIO_get_mem_data(bio, &bytes) : 0;
    return slice_of(bytes, size > 0 ? (size_t)size : 0);
}

static status write_bio(const char *folder, const char *name, BIO *pem, unsigned mode)
{
    char path[FILE_PATH_SIZE_MAX];
    TRY(print_path(folder, name, path));
    REQUIRE(view_bio(pem).size > 0, INTERNAL, "tls_identity: the library cannot print PEM");
    return file_write(path, view_bio(pem), mode);
}

static status write_certificate(const char *folder, const char *name, X509 *certificate)
{
    BIO *pem = BIO_new(BIO_s_mem());
    if (pem) (void)PEM_write_bio_X509(pem, certificate);
    const status result = write_bio(folder, name, pem, FILE_MODE_PUBLIC);
    BIO_free(pem);
    return result;
}

static status write_key(const char *folder, const char *name, EVP_PKEY *key)
{
    BIO *pem = BIO_new(BIO_s_mem());
    if (pem) (void)PEM_write_bio_PKCS8PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
    const status result = write_bio(folder, name, pem, FILE_MODE_PRIVATE);
    BIO_free(pem);
    return result;
}

static status read_text(const char *folder, const char *name, uint8_t *memory, slice *text)
{
    char path[FILE_PATH_SIZE_MAX];
    struct builder builder;
    TRY(print_path(folder, name, path));
    builder_init(&builder, memory, TLS_IDENTITY_FILE_SIZE_MAX);
    TRY(file_put(path, &builder));
    return builder_finish(&builder, text);
}

static status read_certificate(const char *folder, const char *name, X509 **certificate)
{
    uint8_t memory[TLS_IDENTITY_FILE_SIZE_MAX];
    slice text = {0};
    TRY(read_text(folder, name, memory, &text));
    BIO *pem = BIO_new_mem_buf(text.bytes, (int)text.size);
    *certificate = pem ? PEM_read_bio_X509(pem, NULL, pem_refuse_passphrase, NULL) : NULL;
    BIO_free(pem);
    REQUIRE(*certificate, CORRUPT, "tls_identity: a certificate cannot be read");
    return status_ok();
}

static status read_key(const char *folder, const char *name, EVP_PKEY **key)
{
    uint8_t memory[TLS_IDENTITY_FILE_SIZE_MAX];
    slice text = {0};
    TRY(read_text(folder, name, memory, &text));
    BIO *pem = BIO_new_mem_buf(text.bytes, (int)text.size);
    *key = pem ? PEM_read_bio_PrivateKey(pem, NULL, pem_refuse_passphrase, NULL) : NULL;
    BIO_free(pem);
    secret_wipe(memory, sizeof memory);
    REQUIRE(*key, CORRUPT, "tls_identity: a key cannot be read");
    return status_ok();
}

static status open_authority(const char *folder, int64_t now_s, struct pair *authority)
{
    char path[FILE_PATH_SIZE_MAX];
    TRY(print_path(folder, "ca.pem", path));
    TRY(file_make_folder(folder));
    if (file_is_there(path)) {
        TRY(read_certificate(folder, "ca.pem", &authority->certificate));
        return read_key(folder, "ca.key.pem", &authority->key);
    }
    TRY(make_authority(now_s, authority));
    TRY(write_key(folder, "ca.key.pem", authority->key));
    return write_certificate(folder, "ca.pem", authority->certificate);
}

status tls_identity_make(const struct tls_identity_order *order)
{
    SCOPED(close_pair) struct pair authority = {0};
    SCOPED(close_pair) struct pair server = {0};
    const char *authority_folder = order->authority ? order->authority : order->folder;
    TRY(file_make_folder(order->folder));
    TRY(open_authority(authority_folder, order->not_before_s + START_MARGIN_S, &authority));
    TRY(make_server(order, &authority, &server));
    TRY(write_key(order->folder, "server.key.pem", server.key));
    TRY(write_certificate(order->folder, "server.pem", server.certificate));
    if (!order->authority) return status_ok();
    return write_certificate(order->folder, "ca.pem", authority.certificate);
}

/* True when the folder's certificate is for the host and lasts for another day. */
static bool is_good(const char *folder, const char *host, int64_t now_s)
{
    SCOPED(close_pair) struct pair server = {0};
    time_t tomorrow = (time_t)(now_s + DAY_S);
    if (!status_is_ok(read_certificate(folder, "server.pem", &server.certificate))) return false;
    return X509_check_host(server.certificate, host, 0, 0, NULL) == 1 &&
           X509_cmp_time(X509_get0_notAfter(server.certificate), &tomorrow) > 0;
}

/* A folder without a server certificate, or with one of its own that is about to end. */
static bool must_make(const char *folder, const char *host, int64_t now_s)
{
    char path[FILE_PATH_SIZE_MAX];
    if (!status_is_ok(print_path(folder, "server.pem", path)) || !file_is_there(path)) return true;
    return !is_good(folder, host, now_s);
}

static status read_file(const char *folder, const char *name, struct arena *arena, slice *text)
{
    char path[FILE_PATH_SIZE_MAX];
    TRY(print_path(folder, name, path));
    return file_read(path, TLS_IDENTITY_FILE_SIZE_MAX, arena, text);
}

status tls_identity_open(const char *folder, const char *host, int64_t now_s, struct arena *arena,
                         struct tls_identity *identity)
{
    const struct tls_identity_order order = {.folder = folder,
                                             .host = host,
                                             .not_before_s = now_s - START_MARGIN_S,
                                             .not_after_s = now_s + TLS_IDENTITY_LIFETIME_S};
    struct tls_identity read = {0};
    if (must_make(folder, host, now_s)) TRY(tls_identity_make(&order));
    TRY(read_file(folder, "server.pem", arena, &read.chain_pem));
    TRY(read_file(folder, "server.key.pem", arena, &read.key_pem));
    *identity = read;
    return status_ok();
}
