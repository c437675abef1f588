#include "eth/keccak.h"

#include <string.h>

enum { LANE_SIZE = 8, ROUND_COUNT = 24 };

static const uint64_t ROUND_CONSTANTS[ROUND_COUNT] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Five lanes of one row, as values: the compiler keeps them in registers. */
struct row {
    uint64_t b0, b1, b2, b3, b4;
};

static inline uint64_t turn(uint64_t lane, unsigned count)
{
    return lane << count | lane >> (64 - count);
}

/* Step chi: the only one that is not linear. */
static inline void put_row(uint64_t row[5], struct row in)
{
    row[0] = in.b0 ^ (~in.b1 & in.b2);
    row[1] = in.b1 ^ (~in.b2 & in.b3);
    row[2] = in.b2 ^ (~in.b3 & in.b4);
    row[3] = in.b3 ^ (~in.b4 & in.b0);
    row[4] = in.b4 ^ (~in.b0 & in.b1);
}

static inline uint64_t column(const uint64_t a[25], size_t x)
{
    return a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
}

/*
 * One round from `a` to `e`: theta, rho and pi on the way in, chi and iota on the way out. Rows
 * are written out because a loop with computed indexes takes more than twice as long.
 */
static inline void round_of(const uint64_t a[25], uint64_t e[25], uint64_t constant)
{
    const uint64_t c0 = column(a, 0), c1 = column(a, 1), c2 = column(a, 2), c3 = column(a, 3),
                   c4 = column(a, 4);
    const uint64_t d0 = c4 ^ turn(c1, 1), d1 = c0 ^ turn(c2, 1), d2 = c1 ^ turn(c3, 1),
                   d3 = c2 ^ turn(c4, 1), d4 = c3 ^ turn(c0, 1);
    put_row(e, (struct row){a[0] ^ d0, turn(a[6] ^ d1, 44), turn(a[12] ^ d2, 43),
                            turn(a[18] ^ d3, 21), turn(a[24] ^ d4, 14)});
    e[0] ^= constant;
    put_row(e + 5, (struct row){turn(a[3] ^ d3, 28), turn(a[9] ^ d4, 20), turn(a[10] ^ d0, 3),
                                turn(a[16] ^ d1, 45), turn(a[22] ^ d2, 61)});
    put_row(e + 10, (struct row){turn(a[1] ^ d1, 1), turn(a[7] ^ d2, 6), turn(a[13] ^ d3, 25),
                                 turn(a[19] ^ d4, 8), turn(a[20] ^ d0, 18)});
    put_row(e + 15, (struct row){turn(a[4] ^ d4, 27), turn(a[5] ^ d0, 36), turn(a[11] ^ d1, 10),
                                 turn(a[17] ^ d2, 15), turn(a[23] ^ d3, 56)});
    put_row(e + 20, (struct row){turn(a[2] ^ d2, 62), turn(a[8] ^ d3, 55), turn(a[14] ^ d4, 39),
                                 turn(a[15] ^ d0, 41), turn(a[21] ^ d1, 2)});
}

static void permute(uint64_t lanes[25])
{
    uint64_t other[25];
    for (size_t i = 0; i < ROUND_COUNT; i += 2) {
        round_of(lanes, other, ROUND_CONSTANTS[i]);
        round_of(other, lanes, ROUND_CONSTANTS[i + 1]);
    }
}

static uint64_t lane_read(const uint8_t bytes[LANE_SIZE])
{
    uint64_t lane = 0;
    for (size_t i = 0; i < LANE_SIZE; i++) lane |= (uint64_t)bytes[i] << (8 * i);
    return lane;
}

static void put_block(struct keccak *keccak, const uint8_t block[KECCAK_BLOCK_SIZE])
{
    for (size_t i = 0; i < KECCAK_BLOCK_SIZE / LANE_SIZE; i++) {
        keccak->lanes[i] ^= lane_read(block + i * LANE_SIZE);
    }
    permute(keccak->lanes);
}

static void put_byte(struct keccak *keccak, uint8_t byte)
{
    const size_t at = keccak->block_size++;
    keccak->lanes[at / LANE_SIZE] ^= (uint64_t)byte << (at % LANE_SIZE * 8);
}

void keccak_init(struct keccak *keccak)
{
    *keccak = (struct keccak){0};
}

void keccak_put(struct keccak *keccak, slice bytes)
{
    size_t i = 0;
    while (i < bytes.size) {
        if (keccak->block_size == 0 && bytes.size - i >= KECCAK_BLOCK_SIZE) {
            put_block(keccak, bytes.bytes + i);
            i += KECCAK_BLOCK_SIZE;
            continue;
        }
        put_byte(keccak, bytes.bytes[i++]);
        if (keccak->block_size == KECCAK_BLOCK_SIZE) {
            permute(keccak->lanes);
            keccak->block_size = 0;
        }
    }
}

hash32 keccak_finish(struct keccak *keccak)
{
    hash32 hash;
    put_byte(keccak, 0x01);
    keccak->lanes[KECCAK_BLOCK_SIZE / LANE_SIZE - 1] ^= UINT64_C(0x80) << 56;
    permute(keccak->lanes);
    for (size_t i = 0; i < sizeof hash.bytes; i++) {
        hash.bytes[i] = (uint8_t)(keccak->lanes[i / LANE_SIZE] >> (i % LANE_SIZE * 8));
    }
    return hash;
}

hash32 keccak_hash(slice bytes)
{
    struct keccak keccak;
    keccak_init(&keccak);
    keccak_put(&keccak, bytes);
    return keccak_finish(&keccak);
}
