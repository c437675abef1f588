#include "crypto/k256.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

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

status k256_open(struct k256 *curve, const struct secret32 *blinding)
{
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    REQUIRE(context, UNAVAILABLE, "k256: the system has no memory left");
    secp256k1_context_set_illegal_callback(context, ignore, NULL);
    if (!secp256k1_context_randomize(context, secret_expose(blinding).bytes)) {
        secp256k1_context_destroy(context);
        FAIL(INTERNAL, 0, "k256: the curve cannot be blinded");
    }
    *curve = (struct k256){context};
    return status_ok();
}

void k256_close(struct k256 *curve)
{
    if (curve->context) secp256k1_context_destroy(curve->context);
    *curve = (struct k256){0};
}

/*
 * libsecp256k1 before 0.6 clears its copies of the key with stores that compilers leave out, so every
 * call that takes a private key is followed by secret_wipe_stack.
 */
status k256_check_key(const struct k256 *curve, const struct secret32 *key)
{
    const int is_valid = secp256k1_ec_seckey_verify(curve->context, secret_expose(key).bytes);
    secret_wipe_stack();
    REQUIRE(is_valid, BAD_INPUT, "k256: private key is zero or not below the order");
    return status_ok();
}

static void write_point(const struct k256 *curve, const secp256k1_pubkey *point,
                        k256_public_key *public_key)
{
    uint8_t bytes[POINT_SIZE];
    size_t size = sizeof bytes;
    secp256k1_ec_pubkey_serialize(curve->context, bytes, &size, point, SECP256K1_EC_UNCOMPRESSED);
    memcpy(public_key->bytes, bytes + 1, sizeof public_key->bytes);
}

status k256_read_public_key(const struct k256 *curve, const struct secret32 *key,
                            k256_public_key *public_key)
{
    secp256k1_pubkey point;
    const int is_valid =
        secp256k1_ec_pubkey_create(curve->context, &point, secret_expose(key).bytes);
    secret_wipe_stack();
    REQUIRE(is_valid, BAD_INPUT, "k256: private key is zero or not below the order");
    write_point(curve, &point, public_key);
    return status_ok();
}

status k256_sign(const struct k256 *curve, const struct secret32 *key, hash32 digest,
                 k256_signature *signature)
{
    secp256k1_ecdsa_recoverable_signature signed_digest;
    uint8_t compact[COMPACT_SIZE];
    int parity = 0;
    const int is_signed = secp256k1_ecdsa_sign_recoverable(
        curve->context, &signed_digest, digest.bytes, secret_expose(key).bytes, NULL, NULL);
    secret_wipe_stack();
    REQUIRE(is_signed, BAD_INPUT, "k256: private key is zero or not below the order");
    secp256k1_ecdsa_recoverable_signature_serialize_compact(curve->context, compact, &parity,
                                                            &signed_digest);
    REQUIRE(parity <= 1, INTERNAL, "k256: the nonce point's x is not below the order");
    memcpy(signature->r, compact, sizeof signature->r);
    memcpy(signature->s, compact + sizeof signature->r, sizeof signature->s);
    signature->parity = (uint8_t)parity;
    return status_ok();
}

/* libsecp256k1 recovers from high s too; EIP-2 forbids it. */
static bool has_low_s(const struct k256 *curve,
                      const secp256k1_ecdsa_recoverable_signature *signed_digest)
{
    secp256k1_ecdsa_signature plain;
    secp256k1_ecdsa_recoverable_signature_convert(curve->context, &plain, signed_digest);
    return !secp256k1_ecdsa_signature_normalize(curve->context, NULL, &plain);
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
    REQUIRE(secp256k1_ecdsa_recoverable_signature_parse_compact(curve->context, &signed_digest,
                                                                compact, signature->parity),
            BAD_INPUT, "k256: r or s is not below the order");
    REQUIRE(has_low_s(curve, &signed_digest), BAD_INPUT, "k256: s is not low");
    REQUIRE(secp256k1_ecdsa_recover(curve->context, &point, &signed_digest, digest.bytes),
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

status k256_signature_read(slice bytes, k256_signature *signature)
{
    REQUIRE(bytes.size == K256_SIGNATURE_SIZE, BAD_INPUT, "k256: signature must be 65 bytes");
    REQUIRE(bytes.bytes[K256_SIGNATURE_SIZE - 1] <= 1, BAD_INPUT, "k256: parity must be 0 or 1");
    memcpy(signature->r, bytes.bytes, sizeof signature->r);
    memcpy(signature->s, bytes.bytes + sizeof signature->r, sizeof signature->s);
    signature->parity = bytes.bytes[K256_SIGNATURE_SIZE - 1];
    return status_ok();
}
