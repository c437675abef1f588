#include "crypto/k256.h"

#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <string.h>

#include "crypto/nonce.h"

enum { COMPACT_SIZE = 64, POINT_SIZE = 65 };

/*
 * libsecp256k1 calls this for arguments it takes to be our mistake, and would abort by default.
 * Doing nothing makes the call return 0, which every caller here turns into a status.
 */
static void ignore(const char *text, void *data)
{
    (void)text;
    (void)data;
}

static const secp256k1_context *context_of(const struct k256 *curve)
{
    return (const secp256k1_context *)(const void *)curve->first;
}

static const secp256k1_context *second_context_of(const struct k256 *curve)
{
    return (const secp256k1_context *)(const void *)curve->second;
}

/* In memory of our own: secp256k1_context_create calls abort when there is none. */
static bool open_context(uint8_t memory[K256_CONTEXT_SIZE], const struct secret32 *blinding)
{
    secp256k1_context *context =
        secp256k1_context_preallocated_create(memory, SECP256K1_CONTEXT_NONE);
    secp256k1_context_set_illegal_callback(context, ignore, NULL);
    const int is_blinded = secp256k1_context_randomize(context, secret_expose(blinding).bytes);
    secret_wipe_stack();
    return is_blinded != 0;
}

status k256_open(struct k256 *curve, const struct secret32 *blinding)
{
    SCOPED(secret32_wipe) struct secret32 second_blinding;
    REQUIRE(secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE) <= K256_CONTEXT_SIZE,
            INTERNAL, "k256: the library's context is larger than its memory");
    hash32 hash = sha256(secret_expose(blinding));
    memcpy(second_blinding.bytes, hash.bytes, sizeof second_blinding.bytes);
    secret_wipe(&hash, sizeof hash);
    if (!open_context(curve->first, blinding) || !open_context(curve->second, &second_blinding)) {
        k256_close(curve);
        FAIL(INTERNAL, 0, "k256: the curve cannot be blinded");
    }
    return status_ok();
}

void k256_close(struct k256 *curve)
{
    secret_wipe(curve, sizeof *curve);
}

/*
 * What a call into libsecp256k1 with a private key came to. Before 0.6 the library clears its copies
 * of the key with stores that compilers leave out, so the stack that it used is wiped: every call
 * with a key is the argument of this.
 */
static status check_key_call(int result)
{
    secret_wipe_stack();
    REQUIRE(result, BAD_INPUT, "k256: private key is zero or not below the order");
    return status_ok();
}

status k256_check_key(const struct k256 *curve, const struct secret32 *key)
{
    return check_key_call(secp256k1_ec_seckey_verify(context_of(curve), secret_expose(key).bytes));
}

static void write_point(const struct k256 *curve, const secp256k1_pubkey *point,
                        k256_public_key *public_key)
{
    uint8_t bytes[POINT_SIZE];
    size_t size = sizeof bytes;
    secp256k1_ec_pubkey_serialize(context_of(curve), bytes, &size, point,
                                  SECP256K1_EC_UNCOMPRESSED);
    memcpy(public_key->bytes, bytes + 1, sizeof public_key->bytes);
}

status k256_read_public_key(const struct k256 *curve, const struct secret32 *key,
                            k256_public_key *public_key)
{
    secp256k1_pubkey point;
    TRY(check_key_call(
        secp256k1_ec_pubkey_create(context_of(curve), &point, secret_expose(key).bytes)));
    write_point(curve, &point, public_key);
    return status_ok();
}

/* The library works in place and leaves zeros when it refuses; the caller's key must stay. */
status k256_tweak_add(const struct k256 *curve, struct secret32 *key, const struct secret32 *tweak)
{
    SCOPED(secret32_wipe) struct secret32 sum = *key;
    const int is_added =
        secp256k1_ec_seckey_tweak_add(context_of(curve), sum.bytes, secret_expose(tweak).bytes);
    secret_wipe_stack();
    REQUIRE(is_added, BAD_INPUT, "k256: key and tweak give no key");
    *key = sum;
    return status_ok();
}

void k256_compress(const k256_public_key *public_key, uint8_t bytes[K256_COMPRESSED_SIZE])
{
    bytes[0] = (uint8_t)(2 | (public_key->bytes[63] & 1));
    memcpy(bytes + 1, public_key->bytes, K256_COMPRESSED_SIZE - 1);
}

/* libsecp256k1's port for nonces; it hands the key, and takes the nonce, as plain bytes. */
static int derive_nonce(unsigned char *nonce, const unsigned char *digest, const unsigned char *key,
                        const unsigned char *algorithm, void *data, unsigned int attempt)
{
    SCOPED(secret32_wipe) struct secret32 private_key, made;
    struct nonce_terms terms = {.key = &private_key};
    (void)algorithm;
    (void)data;
    memcpy(private_key.bytes, key, sizeof private_key.bytes);
    memcpy(terms.digest.bytes, digest, sizeof terms.digest.bytes);
    nonce_derive(&terms, attempt, &made);
    memcpy(nonce, made.bytes, sizeof made.bytes);
    return 1;
}

static status sign(const secp256k1_context *context, const struct secret32 *key, hash32 digest,
                   k256_signature *signature)
{
    secp256k1_ecdsa_recoverable_signature signed_digest;
    uint8_t compact[COMPACT_SIZE];
    int parity = 0;
    TRY(check_key_call(secp256k1_ecdsa_sign_recoverable(
        context, &signed_digest, digest.bytes, secret_expose(key).bytes, derive_nonce, NULL)));
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context, compact, &parity,
                                                            &signed_digest);
    REQUIRE(parity <= 1, INTERNAL, "k256: the nonce point's x is not below the order");
    memcpy(signature->r, compact, sizeof signature->r);
    memcpy(signature->s, compact + sizeof signature->r, sizeof signature->s);
    signature->parity = (uint8_t)parity;
    return status_ok();
}

status k256_sign(const struct k256 *curve, const struct secret32 *key, hash32 digest,
                 k256_signature *signature)
{
    return sign(context_of(curve), key, digest, signature);
}

status k256_sign_again(const struct k256 *curve, const struct secret32 *key, hash32 digest,
                       k256_signature *signature)
{
    return sign(second_context_of(curve), key, digest, signature);
}

/* libsecp256k1 recovers from high s too; EIP-2 forbids it. */
static bool has_low_s(const struct k256 *curve,
                      const secp256k1_ecdsa_recoverable_signature *signed_digest)
{
    secp256k1_ecdsa_signature plain;
    secp256k1_ecdsa_recoverable_signature_convert(context_of(curve), &plain, signed_digest);
    return !secp256k1_ecdsa_signature_normalize(context_of(curve), NULL, &plain);
}

status k256_recover(const struct k256 *curve, const k256_signature *signature, hash32 digest,
                    k256_public_key *public_key)
{
    secp256k1_ecdsa_recoverable_signature signed_digest;
    secp256k1_pubkey point;
    uint8_t compact[COMPACT_SIZE];
    REQUIRE(signature->parity <= 1, BAD_INPUT, "k256: parity must be 0 or 1");
    memcpy(compact, signature->r, sizeof signature->r);
    memcpy(compact + sizeof signature->r, signature->s, sizeof signature->s);
    REQUIRE(secp256k1_ecdsa_recoverable_signature_parse_compact(context_of(curve), &signed_digest,
                                                                compact, signature->parity),
            BAD_INPUT, "k256: r or s is not below the order");
    REQUIRE(has_low_s(curve, &signed_digest), BAD_INPUT, "k256: s is not low");
    REQUIRE(secp256k1_ecdsa_recover(context_of(curve), &point, &signed_digest, digest.bytes),
            BAD_INPUT, "k256: signature fits no key");
    write_point(curve, &point, public_key);
    return status_ok();
}

void k256_signature_write(const k256_signature *signature, uint8_t bytes[K256_SIGNATURE_SIZE])
{
    memcpy(bytes, signature->r, sizeof signature->r);
    memcpy(bytes + sizeof signature->r, signature->s, sizeof signature->s);
    bytes[K256_SIGNATURE_SIZE - 1] = signature->parity;
}

bool k256_signature_equal(const k256_signature *a, const k256_signature *b)
{
    uint8_t bytes_a[K256_SIGNATURE_SIZE], bytes_b[K256_SIGNATURE_SIZE];
    k256_signature_write(a, bytes_a);
    k256_signature_write(b, bytes_b);
    return secret_equal(slice_of(bytes_a, sizeof bytes_a), slice_of(bytes_b, sizeof bytes_b));
}

status k256_signature_read(slice bytes, k256_signature *signature)
{
    REQUIRE(bytes.size == K256_SIGNATURE_SIZE, BAD_INPUT, "k256: signature must be 65 bytes");
    REQUIRE(bytes.bytes[K256_SIGNATURE_SIZE - 1] <= 1, BAD_INPUT, "k256: parity must be 0 or 1");
    memcpy(signature->r, bytes.bytes, sizeof signature->r);
    memcpy(signature->s, bytes.bytes + sizeof signature->r, sizeof signature->s);
    signature->parity = bytes.bytes[K256_SIGNATURE_SIZE - 1];
    return status_ok();
}
