#include "crypto/digest.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include <openssl/sha.h>

static_assert(sizeof(struct sha256) == sizeof(SHA256_CTX), "sha256 holds the library's state");
static_assert(sizeof(struct sha512) == sizeof(SHA512_CTX), "sha512 holds the library's state");
static_assert(alignof(struct sha256) >= alignof(SHA256_CTX), "sha256 is aligned for it");
static_assert(alignof(struct sha512) >= alignof(SHA512_CTX), "sha512 is aligned for it");

enum {
    SHA256_BLOCK_SIZE = 64,
    SHA512_BLOCK_SIZE = 128,
    PAD_INNER = 0x36, /* RFC 2104, section 2 */
    PAD_OUTER = 0x5c,
};

/* The library's functions report failures that cannot happen: they only do arithmetic. */

static SHA256_CTX *state256(struct sha256 *hash)
{
    return (SHA256_CTX *)(void *)hash->state;
}

static SHA512_CTX *state512(struct sha512 *hash)
{
    return (SHA512_CTX *)(void *)hash->state;
}

slice hash32_view(const hash32 *hash)
{
    return slice_of(hash->bytes, sizeof hash->bytes);
}

slice hash48_view(const hash48 *hash)
{
    return slice_of(hash->bytes, sizeof hash->bytes);
}

bool hash32_equal(const hash32 *a, const hash32 *b)
{
    return secret_equal(hash32_view(a), hash32_view(b));
}

bool hash48_equal(const hash48 *a, const hash48 *b)
{
    return secret_equal(hash48_view(a), hash48_view(b));
}

hash32 sha256(slice bytes)
{
    struct sha256 hash;
    sha256_init(&hash);
    sha256_put(&hash, bytes);
    return sha256_finish(&hash);
}

hash48 sha384(slice bytes)
{
    struct sha512 hash;
    sha384_init(&hash);
    sha384_put(&hash, bytes);
    return sha384_finish(&hash);
}

hash64 sha512(slice bytes)
{
    struct sha512 hash;
    sha512_init(&hash);
    sha512_put(&hash, bytes);
    return sha512_finish(&hash);
}

void sha256_init(struct sha256 *hash)
{
    SHA256_Init(state256(hash));
}

void sha256_put(struct sha256 *hash, slice bytes)
{
    if (bytes.size > 0) SHA256_Update(state256(hash), bytes.bytes, bytes.size);
}

hash32 sha256_finish(struct sha256 *hash)
{
    hash32 result;
    SHA256_Final(result.bytes, state256(hash));
    sha256_wipe(hash);
    return result;
}

void sha256_wipe(struct sha256 *hash)
{
    secret_wipe(hash, sizeof *hash);
}

void sha384_init(struct sha512 *hash)
{
    SHA384_Init(state512(hash));
}

void sha384_put(struct sha512 *hash, slice bytes)
{
    sha512_put(hash, bytes);
}

hash48 sha384_finish(struct sha512 *hash)
{
    hash48 result;
    SHA384_Final(result.bytes, state512(hash));
    sha512_wipe(hash);
    return result;
}

void sha512_init(struct sha512 *hash)
{
    SHA512_Init(state512(hash));
}

void sha512_put(struct sha512 *hash, slice bytes)
{
    if (bytes.size > 0) SHA512_Update(state512(hash), bytes.bytes, bytes.size);
}

hash64 sha512_finish(struct sha512 *hash)
{
    hash64 result;
    SHA512_Final(result.bytes, state512(hash));
    sha512_wipe(hash);
    return result;
}

void sha512_wipe(struct sha512 *hash)
{
    secret_wipe(hash, sizeof *hash);
}

static void flip_all(uint8_t *block, size_t size, uint8_t mask)
{
    for (size_t i = 0; i < size; i++) block[i] = (uint8_t)(block[i] ^ mask);
}

void hmac_sha256_key_init(struct hmac_sha256_key *key, slice bytes)
{
    uint8_t block[SHA256_BLOCK_SIZE] = {0};
    if (bytes.size > sizeof block) {
        hash32 short_key = sha256(bytes);
        memcpy(block, short_key.bytes, sizeof short_key.bytes);
        secret_wipe(&short_key, sizeof short_key);
    } else if (bytes.size > 0) {
        memcpy(block, bytes.bytes, bytes.size);
    }
    flip_all(block, sizeof block, PAD_INNER);
    sha256_init(&key->inner);
    sha256_put(&key->inner, slice_of(block, sizeof block));
    flip_all(block, sizeof block, PAD_INNER ^ PAD_OUTER);
    sha256_init(&key->outer);
    sha256_put(&key->outer, slice_of(block, sizeof block));
    secret_wipe(block, sizeof block);
}

void hmac_sha256_key_wipe(struct hmac_sha256_key *key)
{
    secret_wipe(key, sizeof *key);
}

hash32 hmac_sha256_of(const struct hmac_sha256_key *key, slice message)
{
    struct hmac_sha256 mac;
    hmac_sha256_init(&mac, key);
    hmac_sha256_put(&mac, message);
    return hmac_sha256_finish(&mac);
}

void hmac_sha256_init(struct hmac_sha256 *mac, const struct hmac_sha256_key *key)
{
    mac->inner = key->inner;
    mac->outer = key->outer;
}

void hmac_sha256_put(struct hmac_sha256 *mac, slice bytes)
{
    sha256_put(&mac->inner, bytes);
}

hash32 hmac_sha256_finish(struct hmac_sha256 *mac)
{
    hash32 inner = sha256_finish(&mac->inner);
    sha256_put(&mac->outer, hash32_view(&inner));
    secret_wipe(&inner, sizeof inner);
    return sha256_finish(&mac->outer);
}

hash32 hmac_sha256(slice key, slice message)
{
    SCOPED(hmac_sha256_key_wipe) struct hmac_sha256_key prepared;
    hmac_sha256_key_init(&prepared, key);
    return hmac_sha256_of(&prepared, message);
}

hash64 hmac_sha512(slice key, slice message)
{
    uint8_t block[SHA512_BLOCK_SIZE] = {0};
    if (key.size > sizeof block) {
        hash64 short_key = sha512(key);
        memcpy(block, short_key.bytes, sizeof short_key.bytes);
        secret_wipe(&short_key, sizeof short_key);
    } else if (key.size > 0) {
        memcpy(block, key.bytes, key.size);
    }
    struct sha512 hash;
    flip_all(block, sizeof block, PAD_INNER);
    sha512_init(&hash);
    sha512_put(&hash, slice_of(block, sizeof block));
    sha512_put(&hash, message);
    hash64 inner = sha512_finish(&hash);
    flip_all(block, sizeof block, PAD_INNER ^ PAD_OUTER);
    sha512_init(&hash);
    sha512_put(&hash, slice_of(block, sizeof block));
    sha512_put(&hash, slice_of(inner.bytes, sizeof inner.bytes));
    secret_wipe(&inner, sizeof inner);
    secret_wipe(block, sizeof block);
    return sha512_finish(&hash);
}

void hkdf_sha256_extract(slice salt, slice secret, struct secret32 *pseudorandom_key)
{
    /* HMAC pads a key with zeros, so an empty salt is already the 32 zero bytes of RFC 5869. */
    hash32 extracted = hmac_sha256(salt, secret);
    memcpy(pseudorandom_key->bytes, extracted.bytes, sizeof extracted.bytes);
    secret_wipe(&extracted, sizeof extracted);
}

void hkdf_sha256_expand(const struct hmac_sha256_key *key, slice info, uint8_t *bytes, size_t size)
{
    assert(size > 0 && size <= HKDF_SHA256_SIZE_MAX);
    hash32 block = {0};
    size_t previous_size = 0;
    uint8_t counter = 1;
    for (size_t done_size = 0; done_size < size; counter++) {
        struct hmac_sha256 mac;
        hmac_sha256_init(&mac, key);
        hmac_sha256_put(&mac, slice_of(block.bytes, previous_size));
        hmac_sha256_put(&mac, info);
        hmac_sha256_put(&mac, slice_of(&counter, 1));
        block = hmac_sha256_finish(&mac);
        previous_size = sizeof block.bytes;
        const size_t left_size = size - done_size;
        const size_t part_size = left_size < sizeof block.bytes ? left_size : sizeof block.bytes;
        memcpy(bytes + done_size, block.bytes, part_size);
        done_size += part_size;
    }
    secret_wipe(&block, sizeof block);
}
