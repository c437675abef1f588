/*
 * Chains are made here, each breaking one rule of RFC 5280 or of ours. Real chains are verified by
 * tests/unit/nsm/attestation_test.c.
 */
#include "crypto/x509.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "runner.h"

enum { NOW_S = 1700000000, HOUR_S = 3600, LEVEL_COUNT = 4 };

/* How one certificate of the chain root, first, second, leaf is made. */
struct level {
    const char *constraints, *usage, *critical;
    const char *curve;     /* NULL: P-384 */
    const char *digest;    /* NULL: SHA384 */
    int start_s, end_s;    /* from NOW_S */
    bool is_forged;        /* signed by another key than the issuer's */
    bool has_other_issuer; /* names another issuer */
};

static const struct level good[LEVEL_COUNT] = {
    {"critical,CA:TRUE", "critical,keyCertSign", NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
    {"critical,CA:TRUE,pathlen:1", "critical,keyCertSign", NULL, NULL, NULL, -HOUR_S, HOUR_S, false,
     false},
    {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign", NULL, NULL, NULL, -HOUR_S, HOUR_S, false,
     false},
    {"critical,CA:FALSE", "digitalSignature", NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
};

struct certificates {
    uint8_t memory[LEVEL_COUNT][2048];
    slice der[LEVEL_COUNT];
    EVP_PKEY *keys[LEVEL_COUNT];
};

static void add_extension(X509 *certificate, int type, const char *value)
{
    if (!value) return;
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, type, value);
    if (expect_true("extension", extension != NULL)) X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* An extension that no verifier knows, marked critical. */
static void add_unknown(X509 *certificate, const char *oid)
{
    if (!oid) return;
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

static void set_name(X509_NAME *name, const char *text)
{
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0);
}

static void make(struct certificates *made, int index, const struct level *level)
{
    static const char *const names[LEVEL_COUNT] = {"root", "first", "second", "leaf"};
    const int issuer = index == 0 ? 0 : index - 1;
    X509 *certificate = X509_new();
    EVP_PKEY *forger = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), index + 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate), NOW_S + level->start_s);
    ASN1_TIME_set(X509_getm_notAfter(certificate), NOW_S + level->end_s);
    set_name(X509_get_subject_name(certificate), names[index]);
    X509_NAME *issuer_name = X509_NAME_new();
    set_name(issuer_name, level->has_other_issuer ? "nobody" : names[issuer]);
    X509_set_issuer_name(certificate, issuer_name);
    X509_NAME_free(issuer_name);
    X509_set_pubkey(certificate, made->keys[index]);
    add_extension(certificate, NID_basic_constraints, level->constraints);
    add_extension(certificate, NID_key_usage, level->usage);
    add_unknown(certificate, level->critical);
    X509_sign(certificate, level->is_forged ? forger : made->keys[issuer],
              EVP_get_digestbyname(level->digest ? level->digest : "SHA384"));
    unsigned char *at = made->memory[index];
    const int size = i2d_X509(certificate, &at);
    made->der[index] = slice_of(made->memory[index], size > 0 ? (size_t)size : 0);
    EVP_PKEY_free(forger);
    X509_free(certificate);
}

static void make_all(struct certificates *made, int changed, const struct level *change)
{
    for (int i = 0; i < LEVEL_COUNT; i++) {
        const struct level *level = i == changed ? change : &good[i];
        made->keys[i] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", level->curve ? level->curve : "P-384");
    }
    for (int i = 0; i < LEVEL_COUNT; i++) make(made, i, i == changed ? change : &good[i]);
}

static void release(struct certificates *made)
{
    for (int i = 0; i < LEVEL_COUNT; i++) EVP_PKEY_free(made->keys[i]);
}

static struct x509_chain chain_of(const struct certificates *made)
{
    return (struct x509_chain){
        .root = made->der[0],
        .intermediates = &made->der[1],
        .intermediate_count = 2,
        .leaf = made->der[3],
        .now_s = NOW_S,
    };
}

static const char ca_usage[] = "critical,keyCertSign";
static const char first_ca[] = "critical,CA:TRUE,pathlen:1";
static const char leaf_ca[] = "critical,CA:FALSE";
static const char leaf_usage[] = "digitalSignature";
static const char may_not_issue[] = "x509: an issuer may not issue what it issued";
static const char not_reached[] = "x509: chain does not reach the trusted root";
static const char expired[] = "x509: a certificate has expired";
static const char not_yet[] = "x509: a certificate is not valid yet";
static const char wrong_key[] = "x509: a certificate's key is not a P-384 key";
static const char wrong_signature[] = "x509: a certificate is not signed with ECDSA and SHA-384";

static const struct {
    const char *name;
    int index;
    struct level level;
    const char *refusal;
} rows[] = {
    {"as it is", 1, {first_ca, ca_usage, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false}, NULL},
    {"root expired",
     0,
     {"critical,CA:TRUE", ca_usage, NULL, NULL, NULL, -HOUR_S, -1, false, false},
     expired},
    {"intermediate expired",
     1,
     {first_ca, ca_usage, NULL, NULL, NULL, -HOUR_S, -1, false, false},
     expired},
    {"leaf expired",
     3,
     {leaf_ca, leaf_usage, NULL, NULL, NULL, -HOUR_S, -1, false, false},
     expired},
    {"leaf in its last second",
     3,
     {leaf_ca, leaf_usage, NULL, NULL, NULL, -HOUR_S, 0, false, false},
     NULL},
    {"leaf in its first second",
     3,
     {leaf_ca, leaf_usage, NULL, NULL, NULL, 0, HOUR_S, false, false},
     NULL},
    {"leaf not yet valid",
     3,
     {leaf_ca, leaf_usage, NULL, NULL, NULL, 1, HOUR_S, false, false},
     not_yet},
    {"root not yet valid",
     0,
     {"critical,CA:TRUE", ca_usage, NULL, NULL, NULL, 1, HOUR_S, false, false},
     not_yet},
    {"forged intermediate",
     2,
     {"critical,CA:TRUE,pathlen:0", ca_usage, NULL, NULL, NULL, -HOUR_S, HOUR_S, true, false},
     "x509: signature of a certificate is not valid"},
    {"forged leaf",
     3,
     {leaf_ca, leaf_usage, NULL, NULL, NULL, -HOUR_S, HOUR_S, true, false},
     "x509: signature of a certificate is not valid"},
    {"leaf of another issuer",
     3,
     {leaf_ca, leaf_usage, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, true},
     not_reached},
    {"intermediate is no CA",
     1,
     {"critical,CA:FALSE", NULL, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     may_not_issue},
    {"intermediate says nothing",
     1,
     {NULL, NULL, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     may_not_issue},
    {"root a CA by its usage only",
     0,
     {NULL, ca_usage, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     may_not_issue},
    {"intermediate a CA by its usage only",
     1,
     {NULL, ca_usage, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     may_not_issue},
    {"intermediate may not sign certificates",
     1,
     {first_ca, "critical,digitalSignature", NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     may_not_issue},
    {"path too long",
     1,
     {"critical,CA:TRUE,pathlen:0", ca_usage, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     may_not_issue},
    {"path longer than needed",
     1,
     {"critical,CA:TRUE,pathlen:5", ca_usage, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     NULL},
    {"leaf is a CA",
     3,
     {"critical,CA:TRUE", "critical,keyCertSign,digitalSignature", NULL, NULL, NULL, -HOUR_S,
      HOUR_S, false, false},
     "x509: the leaf must not be a CA"},
    {"leaf may not sign",
     3,
     {leaf_ca, "keyAgreement", NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     "x509: the leaf may not sign"},
    {"leaf without a usage",
     3,
     {leaf_ca, NULL, NULL, NULL, NULL, -HOUR_S, HOUR_S, false, false},
     NULL},
    {"unknown critical extension",
     3,
     {leaf_ca, leaf_usage, "1.3.6.1.4.1.99999.1", NULL, NULL, -HOUR_S, HOUR_S, false, false},
     "x509: chain breaks a rule of RFC 5280"},
    {"leaf's key on P-256",
     3,
     {leaf_ca, leaf_usage, NULL, "P-256", NULL, -HOUR_S, HOUR_S, false, false},
     wrong_key},
    {"intermediate's key on P-521",
     2,
     {"critical,CA:TRUE,pathlen:0", ca_usage, NULL, "P-521", NULL, -HOUR_S, HOUR_S, false, false},
     wrong_key},
    {"leaf signed with SHA-256",
     3,
     {leaf_ca, leaf_usage, NULL, NULL, "SHA256", -HOUR_S, HOUR_S, false, false},
     wrong_signature},
    {"intermediate signed with SHA-512",
     1,
     {first_ca, ca_usage, NULL, NULL, "SHA512", -HOUR_S, HOUR_S, false, false},
     wrong_signature},
};

static void rules(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct certificates made;
        es384_public_key public_key;
        runner_row(rows[i].name);
        make_all(&made, rows[i].index, &rows[i].level);
        const struct x509_chain chain = chain_of(&made);
        expect_outcome("verify", x509_verify(&chain, &public_key), rows[i].refusal);
        release(&made);
    }
}

static void chains(void)
{
    static struct certificates made, other;
    es384_public_key public_key = {{0}}, wanted = {{0}};
    make_all(&made, 0, &good[0]);
    make_all(&other, 0, &good[0]);
    struct x509_chain chain = chain_of(&made);
    const struct es384_key leaf_key = {made.keys[3]};
    expect_ok("public", es384_public(&leaf_key, &wanted));
    expect_ok("verify", x509_verify(&chain, &public_key));
    expect_bytes("the leaf's key", slice_of(public_key.bytes, sizeof public_key.bytes),
                 slice_of(wanted.bytes, sizeof wanted.bytes));
    const slice swapped[] = {made.der[2], made.der[1]};
    chain.intermediates = swapped;
    expect_ok("in another order", x509_verify(&chain, &public_key));
    const slice with_root[] = {other.der[0], made.der[1], made.der[2], made.der[0]};
    chain.intermediates = with_root;
    chain.intermediate_count = 4;
    expect_ok("with roots among them", x509_verify(&chain, &public_key));
    chain.root = other.der[0];
    expect_kind("another root of the same name", x509_verify(&chain, &public_key), FAILURE_DENIED);
    chain = chain_of(&made);
    chain.intermediate_count = 1;
    expect_refused("one missing", x509_verify(&chain, &public_key), not_reached);
    chain.leaf = made.der[1];
    expect_refused("an intermediate as leaf", x509_verify(&chain, &public_key),
                   "x509: the leaf must not be a CA");
    chain.root = made.der[1];
    chain.leaf = made.der[3];
    chain.intermediates = &made.der[2];
    expect_refused("an intermediate as root", x509_verify(&chain, &public_key), not_reached);
    chain.leaf = made.der[0];
    chain.root = made.der[0];
    expect_refused("the root as leaf", x509_verify(&chain, &public_key),
                   "x509: the leaf must not be a CA");
    release(&made);
    release(&other);
}

static void times(void)
{
    static struct certificates made;
    es384_public_key public_key;
    make_all(&made, 0, &good[0]);
    struct x509_chain chain = chain_of(&made);
    chain.now_s = NOW_S - HOUR_S - 300;
    chain.not_before_leeway_s = 300;
    expect_ok("with its leeway", x509_verify(&chain, &public_key));
    chain.now_s--;
    expect_refused("a second before", x509_verify(&chain, &public_key), not_yet);
    chain.now_s = NOW_S + HOUR_S;
    expect_ok("in its last second", x509_verify(&chain, &public_key));
    chain.now_s = NOW_S + HOUR_S + 1;
    expect_refused("no leeway at the end", x509_verify(&chain, &public_key), expired);
    release(&made);
}

static void malformed(void)
{
    static struct certificates made;
    static uint8_t large[X509_CERTIFICATE_SIZE_MAX + 1];
    es384_public_key public_key;
    make_all(&made, 0, &good[0]);
    struct x509_chain chain = chain_of(&made);
    const slice der = made.der[3];
    for (size_t size = 0; size < der.size; size += 5) {
        runner_row_at("leaf cut to", size);
        chain.leaf = slice_part(der, 0, size);
        expect_refused("verify", x509_verify(&chain, &public_key),
                       "x509: leaf is not a certificate");
    }
    runner_row(NULL);
    chain.leaf = slice_of(der.bytes, der.size + 1);
    expect_refused("a byte after it", x509_verify(&chain, &public_key),
                   "x509: leaf is not a certificate");
    chain.leaf = slice_of(large, sizeof large);
    expect_refused("too large", x509_verify(&chain, &public_key),
                   "x509: leaf is not a certificate");
    chain = chain_of(&made);
    chain.root = slice_text("root");
    expect_refused("root", x509_verify(&chain, &public_key), "x509: root is not a certificate");
    chain = chain_of(&made);
    slice many[X509_CHAIN_COUNT_MAX + 1];
    for (size_t i = 0; i < ARRAY_COUNT(many); i++) many[i] = made.der[1 + i % 2];
    chain.intermediates = many;
    chain.intermediate_count = X509_CHAIN_COUNT_MAX;
    expect_ok("as many as allowed", x509_verify(&chain, &public_key));
    chain.intermediate_count++;
    expect_refused("one more", x509_verify(&chain, &public_key),
                   "x509: chain has too many certificates");
    many[1] = slice_text("?");
    chain.intermediate_count = 2;
    expect_refused("intermediate", x509_verify(&chain, &public_key),
                   "x509: an intermediate is not a certificate");
    release(&made);
}

static void pem(void)
{
    static struct certificates made;
    static const uint8_t large[4 * X509_CERTIFICATE_SIZE_MAX + 1];
    uint8_t memory[2048];
    struct builder der;
    make_all(&made, 0, &good[0]);
    const unsigned char *at = made.der[0].bytes;
    X509 *certificate = d2i_X509(NULL, &at, (long)made.der[0].size);
    BIO *output = BIO_new(BIO_s_mem());
    char *text = NULL;
    PEM_write_bio_X509(output, certificate);
    const long size = BIO_get_mem_data(output, &text);
    const slice pem_text = slice_of(text, (size_t)size);
    builder_init(&der, memory, sizeof memory);
    expect_ok("read", x509_read_pem(pem_text, &der));
    expect_bytes("DER", builder_view(&der), made.der[0]);
    builder_init(&der, memory, made.der[0].size - 1);
    expect_refused("no room", x509_read_pem(pem_text, &der), "x509: certificate is too large");
    builder_init(&der, memory, sizeof memory);
    expect_refused("half of it", x509_read_pem(slice_part(pem_text, 0, pem_text.size / 2), &der),
                   "x509: this is no PEM certificate");
    expect_refused("too long", x509_read_pem(slice_of(large, sizeof large), &der),
                   "x509: this is no PEM certificate");
    expect_u64("nothing appended", der.size, 0);
    BIO_free(output);
    X509_free(certificate);
    release(&made);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"rules", rules}, {"chains", chains},       {"times", times},
        {"PEM", pem},     {"malformed", malformed},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
