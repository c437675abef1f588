/*
 * Answers: RFC 6979, appendix A.2.6 (ECDSA, 384 bits) with SHA-384.
 */
#include "crypto/es384.h"

#include <string.h>

#include "base/base64.h"

#include "runner.h"

/* SEC 1 DER of the RFC's private key: version, the scalar, the curve's name. */
static const char private_key[] = "303e0201010430"
                                  "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
                                  "96d5724e4c70a825f872c9ea60d2edf5"
                                  "a00706052b81040022";
static const char public_point[] = "04"
                                   "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c6"
                                   "4def8f0ea9055866064a254515480bc13"
                                   "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db"
                                   "1288b231c3ae0d4fe7344fd2533264720";
/* A P-256 key, which is not ours to use: RFC 6979, appendix A.2.5. */
static const char p256_key[] =
    "30310201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
    "a00a06082a8648ce3d030107";
/* The order of the group: FIPS 186-4, D.1.2.4. */
static const char order[] = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0d"
                            "b248b0a77aecec196accc52973";
static const char zero[] = "00000000000000000000000000000000000000000000000000000000000000000000000"
                           "0000000000000000000000000";

/* Of "sample" and "test". */
static const char sample_r[] = "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a"
                               "648152e44acf96e36dd1e80fabe46";
static const char sample_s[] = "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa32"
                               "9c145786e679e7b82c71a38628ac8";
static const char test_r[] = "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a"
                             "7f0812998da8f1dd3ca3cf023db";
static const char test_s[] = "ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739"
                             "f040649a667bf3b828246baa5a5";

static const char not_valid[] = "es384: signature is not valid";
static const char no_private_key[] = "es384: this is no P-384 private key";

static const struct {
    const char *name, *message, *r, *s, *refusal;
} rows[] = {
    {"sample", "sample", sample_r, sample_s, NULL},
    {"test", "test", test_r, test_s, NULL},
    {"another message", "Sample", sample_r, sample_s, not_valid},
    {"r and s swapped", "sample", sample_s, sample_r, not_valid},
    {"r is zero", "sample", zero, sample_s, "es384: r and s must not be zero"},
    {"s is zero", "sample", sample_r, zero, "es384: r and s must not be zero"},
    {"r is the order", "sample", order, sample_s, not_valid},
    {"s is the order", "sample", sample_r, order, not_valid},
};

static es384_public_key rfc_public(void)
{
    es384_public_key key;
    memcpy(key.bytes, runner_hex(public_point).bytes, sizeof key.bytes);
    return key;
}

static es384_signature signature_of(const char *r, const char *s)
{
    es384_signature signature;
    memcpy(signature.bytes, runner_hex(r).bytes, 48);
    memcpy(signature.bytes + 48, runner_hex(s).bytes, 48);
    return signature;
}

static void known_signatures(void)
{
    const es384_public_key key = rfc_public();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const hash48 digest = sha384(slice_text(rows[i].message));
        const es384_signature signature = signature_of(rows[i].r, rows[i].s);
        runner_row(rows[i].name);
        expect_outcome("verify", es384_verify(&key, &digest, &signature), rows[i].refusal);
    }
}

static void every_byte_counts(void)
{
    const es384_public_key key = rfc_public();
    const hash48 digest = sha384(slice_text("sample"));
    const es384_signature signature = signature_of(sample_r, sample_s);
    for (size_t i = 0; i < sizeof signature.bytes; i++) {
        es384_signature broken = signature;
        broken.bytes[i] ^= 1;
        runner_row_at("signature's byte", i);
        expect_refused("verify", es384_verify(&key, &digest, &broken), not_valid);
    }
    for (size_t i = 0; i < sizeof digest.bytes; i++) {
        hash48 broken = digest;
        broken.bytes[i] ^= 0x80;
        runner_row_at("digest's byte", i);
        expect_refused("verify", es384_verify(&key, &broken, &signature), not_valid);
    }
    for (size_t i = 0; i < sizeof key.bytes; i++) {
        es384_public_key broken = key;
        broken.bytes[i] ^= 1;
        runner_row_at("point's byte", i);
        expect_refused("verify", es384_verify(&broken, &digest, &signature),
                       "es384: public key is not a point of P-384");
    }
    /* The hybrid form of the same point. */
    es384_public_key hybrid = key;
    hybrid.bytes[0] = (uint8_t)(6 | (key.bytes[96] & 1));
    runner_row("hybrid point");
    expect_refused("verify", es384_verify(&hybrid, &digest, &signature),
                   "es384: public key is not a point of P-384");
}

static void private_keys(void)
{
    SCOPED(es384_close) struct es384_key key = {0};
    struct es384_key none = {0};
    const es384_public_key wanted = rfc_public();
    es384_public_key got = {{0}};
    uint8_t memory[300] = {0};
    const slice der = runner_hex(private_key);
    expect_ok("open", es384_open_der(der, &key));
    expect_ok("public", es384_public(&key, &got));
    expect_bytes("the RFC's point", slice_of(got.bytes, sizeof got.bytes),
                 slice_of(wanted.bytes, sizeof wanted.bytes));
    memcpy(memory, der.bytes, der.size);
    expect_refused("a byte after it", es384_open_der(slice_of(memory, der.size + 1), &none),
                   no_private_key);
    expect_refused("too long", es384_open_der(slice_of(memory, sizeof memory), &none),
                   no_private_key);
    for (size_t size = 0; size < der.size; size++) {
        runner_row_at("cut to", size);
        expect_refused("open", es384_open_der(slice_part(der, 0, size), &none), no_private_key);
    }
    runner_row(NULL);
    expect_refused("another curve", es384_open_der(runner_hex(p256_key), &none), no_private_key);
    expect_true("untouched", none.pkey == NULL);
}

static void pem_keys(void)
{
    SCOPED(es384_close) struct es384_key key = {0};
    struct es384_key none = {0};
    uint8_t memory[1024];
    struct builder pem;
    builder_init(&pem, memory, sizeof memory);
    builder_put_text(&pem, "-----BEGIN EC PRIVATE KEY-----\n");
    base64_put(&pem, slice_part(runner_hex(private_key), 0, 48));
    builder_put_text(&pem, "\n");
    base64_put(&pem, slice_part(runner_hex(private_key), 48, 100));
    builder_put_text(&pem, "\n-----END EC PRIVATE KEY-----\n");
    expect_ok("open", es384_open_pem(builder_view(&pem), &key));
    expect_refused("not PEM", es384_open_pem(slice_text("-----BEGIN"), &none), no_private_key);
    expect_refused("too long", es384_open_pem(slice_of(memory, 4097), &none), no_private_key);
    /* An encrypted one must be refused at once and not ask for a passphrase. */
    expect_refused("encrypted",
                   es384_open_pem(slice_text("-----BEGIN EC PRIVATE KEY-----\n"
                                             "Proc-Type: 4,ENCRYPTED\n"
                                             "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEE"
                                             "FF\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                                             "-----END EC PRIVATE KEY-----\n"),
                                  &none),
                   no_private_key);
}

static void own_signatures(void)
{
    SCOPED(es384_close) struct es384_key key = {0}, other = {0};
    es384_public_key public_key = {{0}}, other_public = {{0}};
    expect_ok("open", es384_open(&key));
    expect_ok("open another", es384_open(&other));
    expect_ok("public", es384_public(&key, &public_key));
    expect_ok("public of the other", es384_public(&other, &other_public));
    for (size_t i = 0; i < 50; i++) {
        hash48 digest;
        es384_signature signature = {{0}};
        runner_row_at("digest", i);
        runner_random(&digest, sizeof digest);
        expect_ok("sign", es384_sign(&key, &digest, &signature));
        expect_ok("verify", es384_verify(&public_key, &digest, &signature));
        expect_refused("another key", es384_verify(&other_public, &digest, &signature), not_valid);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known signatures", known_signatures}, {"every byte counts", every_byte_counts},
        {"private keys", private_keys},         {"PEM keys", pem_keys},
        {"own signatures", own_signatures},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
