#include "crypto/nonce.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_SIZE = 32 };

/* The generator of section 3.2: K, ready to be used, and V. */
struct generator {
    struct hmac_sha256_key key;
    uint8_t value[BLOCK_SIZE];
};

static void generator_wipe(struct generator *generator)
{
    secret_wipe(generator, sizeof *generator);
}

/*
 * bits2octets, section 2.3.4: the digest modulo the curve's order n. One subtraction is enough,
 * because 2^256 < 2n; no branch depends on whether it was needed.
 */
static void put_reduced(hash32 digest, uint8_t reduced[BLOCK_SIZE])
{
    static const uint8_t order[BLOCK_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                              0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                              0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    uint8_t difference[BLOCK_SIZE];
    unsigned borrow = 0;
    for (size_t i = BLOCK_SIZE; i-- > 0;) {
        const unsigned step = 0x100u + digest.bytes[i] - order[i] - borrow;
        difference[i] = (uint8_t)step;
        borrow = 1 - (step >> 8);
    }
    const uint8_t keep = (uint8_t)(0 - borrow); /* all ones when the digest is below n */
    for (size_t i = 0; i < BLOCK_SIZE; i++) {
        reduced[i] = (uint8_t)((digest.bytes[i] & keep) | (difference[i] & ~keep));
    }
}

static void set_key(struct generator *generator, hash32 *key)
{
    hmac_sha256_key_init(&generator->key, hash32_view(key));
    secret_wipe(key, sizeof *key);
}

/* V = HMAC_K(V). */
static void step(struct generator *generator)
{
    hash32 value = hmac_sha256_of(&generator->key, slice_of(generator->value, BLOCK_SIZE));
    memcpy(generator->value, value.bytes, BLOCK_SIZE);
    secret_wipe(&value, sizeof value);
}

/* K = HMAC_K(V || separator || key || digest || extra), then V = HMAC_K(V). */
static void absorb(struct generator *generator, uint8_t separator, const struct nonce_terms *terms)
{
    struct hmac_sha256 mac;
    hmac_sha256_init(&mac, &generator->key);
    hmac_sha256_put(&mac, slice_of(generator->value, BLOCK_SIZE));
    hmac_sha256_put(&mac, slice_of(&separator, 1));
    if (terms) {
        uint8_t reduced[BLOCK_SIZE];
        put_reduced(terms->digest, reduced);
        hmac_sha256_put(&mac, secret_expose(terms->key));
        hmac_sha256_put(&mac, slice_of(reduced, sizeof reduced));
        hmac_sha256_put(&mac, terms->extra);
    }
    hash32 key = hmac_sha256_finish(&mac);
    set_key(generator, &key);
    step(generator);
}

void nonce_derive(const struct nonce_terms *terms, unsigned attempt, struct secret32 *nonce)
{
    SCOPED(generator_wipe) struct generator generator;
    hash32 zeros = {{0}};
    assert(terms->extra.size <= NONCE_EXTRA_SIZE_MAX);
    memset(generator.value, 1, sizeof generator.value);
    set_key(&generator, &zeros);
    absorb(&generator, 0, terms);
    absorb(&generator, 1, terms);
    step(&generator);
    for (unsigned i = 0; i < attempt; i++) {
        absorb(&generator, 0, NULL);
        step(&generator);
    }
    memcpy(nonce->bytes, generator.value, sizeof nonce->bytes);
}
