/*
 * amount: sums of ether as people write them.
 *
 * Read: whole wei in decimal, a "0x" quantity, or a decimal number with a unit right behind it:
 * "1.5ether", "30gwei", "7wei". A fraction has at most as many digits as the unit has, so nothing is
 * ever rounded. Signs, blanks, exponents and digit separators are refused.
 */
#ifndef ETH_AMOUNT_H
#define ETH_AMOUNT_H

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "eth/u256.h"

enum { AMOUNT_TEXT_SIZE_MAX = 128 /* bytes; 2^256 has 78 digits */ };

/* BAD_INPUT; OVER_LIMIT for 2^256 wei and more. */
MUST_CHECK status amount_parse(slice text, u256 *wei);

/* Appends the sum without trailing zeros: "1.5", "0.000000000000000001", "0". */
void amount_print_ether(struct builder *builder, u256 wei);
void amount_print_gwei(struct builder *builder, u256 wei);

#endif
