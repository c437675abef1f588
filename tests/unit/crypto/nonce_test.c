#include "crypto/nonce.h"

#include <secp256k1.h>
#include <string.h>

#include "runner.h"

enum { RANDOM_COUNT = 4000, ATTEMPT_COUNT = 4 };

static const char ORDER[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

static struct secret32 secret_of(const char *digits)
{
    struct secret32 secret = {{0}};
    expect_ok("32 bytes", secret32_read(runner_hex(digits), &secret));
    return secret;
}

/*
 * The digest is SHA-256 of the text. The first two rows are RFC 6979's own, of section A.2.5: they
 * are for P-256, but the curve enters only where a digest or candidate is not below its order, and
 * these are below both. The others are those that Bitcoin implementations share.
 */
static const struct {
    const char *name, *key, *text, *nonce;
} known[] = {
    {"RFC 6979: sample", "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "sample", "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60"},
    {"RFC 6979: test", "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", "test",
     "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0"},
    {"key 1", "0000000000000000000000000000000000000000000000000000000000000001",
     "Satoshi Nakamoto", "8f8a276c19f4149656b280621e358cce24f5f52542772691ee69063b74f15d15"},
    {"key 1, another text", "0000000000000000000000000000000000000000000000000000000000000001",
     "All those moments will be lost in time, like tears in rain. Time to die...",
     "38aa22d72376b4dbc472e06c3ba403ee0a394da63fc58d88686c611aba98d6b3"},
    {"the largest key", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
     "Satoshi Nakamoto", "33a19b60e25fb6f4435af53a3d42d493644827367e6453928554f43e49aa6f90"},
    {"some key", "f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
     "525a82b70e67874398067543fd84c83d30c175fdc45fdeee082fe13b1d7cfdf1"},
};

static void known_answers(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        runner_row(known[i].name);
        const struct secret32 key = secret_of(known[i].key);
        const struct nonce_terms terms = {.key = &key, .digest = sha256(slice_text(known[i].text))};
        struct secret32 nonce;
        nonce_derive(&terms, 0, &nonce);
        expect_hex("nonce", slice_of(nonce.bytes, sizeof nonce.bytes), known[i].nonce);
    }
}

/* What libsecp256k1 would have used. Its extra data is 32 bytes, then a name of 16, or less. */
static struct secret32 by_library(const struct nonce_terms *terms, unsigned attempt)
{
    struct secret32 nonce = {{0}};
    const bool has_data = terms->extra.size >= 32, has_name = terms->extra.size % 32 == 16;
    uint8_t data[32] = {0}, name[16] = {0};
    if (has_data) memcpy(data, terms->extra.bytes, sizeof data);
    if (has_name) memcpy(name, terms->extra.bytes + (has_data ? 32 : 0), sizeof name);
    expect_true("the library's", secp256k1_nonce_function_rfc6979(
                                     nonce.bytes, terms->digest.bytes, terms->key->bytes,
                                     has_name ? name : NULL, has_data ? data : NULL, attempt));
    return nonce;
}

static void like_the_library(void)
{
    static const size_t sizes[] = {0, 16, 32, NONCE_EXTRA_SIZE_MAX};
    for (size_t i = 0; i < RANDOM_COUNT; i++) {
        runner_row_at("random key and digest", i);
        struct secret32 key, nonce;
        uint8_t extra[NONCE_EXTRA_SIZE_MAX];
        runner_random(key.bytes, sizeof key.bytes);
        runner_random(extra, sizeof extra);
        struct nonce_terms terms = {.key = &key};
        runner_random(terms.digest.bytes, sizeof terms.digest.bytes);
        if (i % 8 != 0) terms.extra = slice_of(extra, sizes[i % ARRAY_COUNT(sizes)]);
        for (unsigned attempt = 0; attempt < ATTEMPT_COUNT; attempt++) {
            const struct secret32 wanted = by_library(&terms, attempt);
            nonce_derive(&terms, attempt, &nonce);
            if (!expect_bytes("nonce", slice_of(nonce.bytes, 32), slice_of(wanted.bytes, 32))) {
                return;
            }
        }
    }
}

/* A digest that is not below the order counts as its remainder (section 2.3.4). */
static const struct {
    const char *name, *digest, *remainder;
} reductions[] = {
    {"zero", "0000000000000000000000000000000000000000000000000000000000000000",
     "0000000000000000000000000000000000000000000000000000000000000000"},
    {"order less one", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
     "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"},
    {"order", ORDER, "0000000000000000000000000000000000000000000000000000000000000000"},
    {"order and one", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
     "0000000000000000000000000000000000000000000000000000000000000001"},
    {"all ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "000000000000000000000000000000014551231950b75fc4402da1732fc9bebe"},
};

static void reduced_digests(void)
{
    const struct secret32 key = secret_of(known[0].key);
    for (size_t i = 0; i < ARRAY_COUNT(reductions); i++) {
        runner_row(reductions[i].name);
        struct nonce_terms terms = {.key = &key}, reduced = {.key = &key};
        struct secret32 nonce;
        memcpy(terms.digest.bytes, runner_hex(reductions[i].digest).bytes, 32);
        memcpy(reduced.digest.bytes, runner_hex(reductions[i].remainder).bytes, 32);
        nonce_derive(&terms, 0, &nonce);
        const struct secret32 wanted = by_library(&reduced, 0);
        expect_bytes("nonce", slice_of(nonce.bytes, 32), slice_of(wanted.bytes, 32));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known answers", known_answers},
        {"like the library", like_the_library},
        {"reduced digests", reduced_digests},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
