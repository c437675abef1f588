/*
 * digest: SHA-2, HMAC and HKDF as values.
 *
 * Hashes and keys are plain structs in the caller's memory: nothing here allocates, looks an
 * algorithm up or can fail, so each is as cheap as its compression function. A streaming hash may
 * be copied, which continues from the same point twice. An HMAC key holds the states after its
 * inner and outer pads: made once, each message then costs two compressions less.
 *
 * What has absorbed a secret is itself secret: wipe it with secret_wipe(&x, sizeof x), or declare
 * it with SCOPED of the matching *_wipe. The one-shot functions wipe their own states.
 *
 * Specification: FIPS 180-4, RFC 2104 (HMAC), RFC 5869 (HKDF).
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    HKDF_SHA256_SIZE_MAX = 255 * 32, /* RFC 5869, section 2.3 */
};

typedef struct hash32 {
    uint8_t bytes[32];
} hash32;

typedef struct hash48 {
    uint8_t bytes[48];
} hash48;

typedef struct hash64 {
    uint8_t bytes[64];
} hash64;

/* Running states; their contents are the library's. */
struct sha256 {
    uint32_t state[28];
};
struct sha512 {
    uint64_t state[27];
};

/* Views of the bytes. */
slice hash32_view(const hash32 *hash);
slice hash48_view(const hash48 *hash);
/* Equality in time that does not depend on the bytes. */
bool hash32_equal(const hash32 *a, const hash32 *b);
bool hash48_equal(const hash48 *a, const hash48 *b);

hash32 sha256(slice bytes);
hash48 sha384(slice bytes);
hash64 sha512(slice bytes);

/* Streaming: init, any number of puts, then one finish, after which the state is wiped. */
void sha256_init(struct sha256 *hash);
void sha256_put(struct sha256 *hash, slice bytes);
hash32 sha256_finish(struct sha256 *hash);
void sha256_wipe(struct sha256 *hash);

void sha384_init(struct sha512 *hash);
void sha384_put(struct sha512 *hash, slice bytes);
hash48 sha384_finish(struct sha512 *hash);

void sha512_init(struct sha512 *hash);
void sha512_put(struct sha512 *hash, slice bytes);
hash64 sha512_finish(struct sha512 *hash);
void sha512_wipe(struct sha512 *hash);

/* An HMAC-SHA256 key, ready to be used any number of times, also by several threads at once. */
struct hmac_sha256_key {
    struct sha256 inner, outer;
};
/* A message being authenticated in pieces. */
struct hmac_sha256 {
    struct sha256 inner, outer;
};

/* A key of any size; above 64 bytes its hash is the key, as RFC 2104 says. */
void hmac_sha256_key_init(struct hmac_sha256_key *key, slice bytes);
void hmac_sha256_key_wipe(struct hmac_sha256_key *key);
/* The tag of one message under a prepared key. */
hash32 hmac_sha256_of(const struct hmac_sha256_key *key, slice message);

/* Streaming: as for hashes. */
void hmac_sha256_init(struct hmac_sha256 *mac, const struct hmac_sha256_key *key);
void hmac_sha256_put(struct hmac_sha256 *mac, slice bytes);
hash32 hmac_sha256_finish(struct hmac_sha256 *mac);

/* One shot. */
hash32 hmac_sha256(slice key, slice message);
hash64 hmac_sha512(slice key, slice message);

/* HKDF-Extract. An empty salt stands for 32 zero bytes, as RFC 5869 says. */
void hkdf_sha256_extract(slice salt, slice secret, struct secret32 *pseudorandom_key);

/*
 * HKDF-Expand into `size` bytes, 1 to HKDF_SHA256_SIZE_MAX; more is our own mistake and asserted.
 *
 * `key` is prepared from the pseudorandom key with hmac_sha256_key_init, so that several outputs
 * share the preparation. What `info` says separates them.
 */
void hkdf_sha256_expand(const struct hmac_sha256_key *key, slice info, uint8_t *bytes, size_t size);

#endif
