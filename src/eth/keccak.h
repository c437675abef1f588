/*
 * keccak: Keccak-256, Ethereum's hash.
 *
 * The original Keccak with its padding byte 0x01, not NIST's SHA3-256. Time depends on sizes only.
 *
 * Specification: Keccak reference 3.0 (Keccak-f[1600], rate 1088); Yellow Paper, section 3.
 */
#ifndef ETH_KECCAK_H
#define ETH_KECCAK_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "crypto/digest.h"

enum { KECCAK_BLOCK_SIZE = 136 };

/* A hash being computed. */
struct keccak {
    uint64_t lanes[25];
    size_t block_size; /* bytes of the current block absorbed so far */
};

/* The hash of one piece. */
hash32 keccak_hash(slice bytes);

/* The hash of pieces that follow one another: init, any number of puts, then finish once. */
void keccak_init(struct keccak *keccak);
void keccak_put(struct keccak *keccak, slice bytes);
hash32 keccak_finish(struct keccak *keccak);

#endif
