/*
 * pcr: platform configuration registers, the measurements of an enclave.
 *
 * There are 32 of them, each a SHA-384 value that can only be extended:
 *
 *     0 the whole image          1 kernel and first ramdisk     2 the other ramdisks
 *     3 the parent's role        4 the parent's instance id     8 who signed the image
 *     16 to 31 the application's own
 *
 * The enclave's launch sets 0 to 15 and locks them. In debug mode 0, 1, 2 and 8 are zero: a zero
 * PCR0 therefore means that someone can look into the enclave.
 */
#ifndef NSM_PCR_H
#define NSM_PCR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"

enum {
    PCR_COUNT = 32,
    PCR_LAUNCH_COUNT = 16, /* set and locked before the enclave's first instruction */
};

/* Some of the registers: those whose bit is set in `present`. */
struct pcr_set {
    uint32_t present;
    hash48 values[PCR_COUNT];
};

/* Adds or replaces one. `index` must be below PCR_COUNT. */
void pcr_set_put(struct pcr_set *set, unsigned index, const hash48 *value);
bool pcr_set_has(const struct pcr_set *set, unsigned index);

/* True for 48 zero bytes. */
bool pcr_is_zero(const hash48 *value);

/* The register's next value: SHA-384(value || data). */
hash48 pcr_extend(const hash48 *value, slice data);

/* PCR3 of a parent with this role ARN, and PCR4 of one with this instance id: one extension of zero
 * with the text itself. */
hash48 pcr_of_text(slice text);

/* PCR0, 1, 2 or 8 of an image part: one extension of zero with the SHA-384 of the part. */
hash48 pcr_of_digest(const hash48 *digest);

/* Reads 96 hex digits of either case. */
MUST_CHECK status pcr_parse_value(slice text, hash48 *value);

/* Reads "N=HEX", N from 0 to 31 in decimal, into the set. BAD_INPUT, also when N is there already. */
MUST_CHECK status pcr_parse(slice text, struct pcr_set *set);

#endif
