/*
 * u256: unsigned 256-bit integers, Ethereum's quantities.
 *
 * Text and bytes have one form per number: no leading zeros, no sign, no blanks. Arithmetic is
 * checked; nothing wraps or truncates. For public numbers only: time depends on the values.
 */
#ifndef ETH_U256_H
#define ETH_U256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    U256_SIZE = 32,
    U256_DECIMAL_SIZE_MAX = 78, /* digits of 2^256 - 1 */
    U256_QUANTITY_SIZE_MAX = 66 /* "0x" and 64 digits */
};

typedef struct u256 {
    uint64_t limbs[4]; /* least significant first */
} u256;

u256 u256_of(uint64_t value);

bool u256_is_zero(u256 value);
bool u256_equal(u256 a, u256 b);
/* Below 0, 0 or above 0. */
int u256_compare(u256 a, u256 b);

/* OVER_LIMIT when the result needs more than 256 bits. */
MUST_CHECK status u256_add(u256 a, u256 b, u256 *sum);
MUST_CHECK status u256_multiply(u256 a, uint64_t b, u256 *product);

/* The number as 64 bits. OVER_LIMIT when it does not fit. */
MUST_CHECK status u256_to_u64(u256 value, uint64_t *narrow);

/* Reads up to 32 big-endian bytes without leading zeros; no bytes are zero. BAD_INPUT. */
MUST_CHECK status u256_read(slice bytes, u256 *value);
/* Reads exactly 32 big-endian bytes. */
u256 u256_read_word(const uint8_t bytes[U256_SIZE]);
/* Writes exactly 32 big-endian bytes. */
void u256_write_word(u256 value, uint8_t bytes[U256_SIZE]);
/* Appends the big-endian bytes without leading zeros; nothing for zero. */
void u256_put(struct builder *builder, u256 value);

/* Reads decimal digits. BAD_INPUT; OVER_LIMIT for 2^256 and more. */
MUST_CHECK status u256_parse_decimal(slice text, u256 *value);
void u256_print_decimal(struct builder *builder, u256 value);

/*
 * Reads "0x" and hex digits of either case without leading zeros; "0x0" is zero (the quantities of
 * Ethereum's JSON-RPC). BAD_INPUT; OVER_LIMIT for more than 64 digits.
 */
MUST_CHECK status u256_parse_quantity(slice text, u256 *value);
void u256_print_quantity(struct builder *builder, u256 value);

#endif
