/*
 * chains: the chains that people name, and the numbers by which transactions know them.
 *
 * Names are lower case with hyphens ("base-sepolia"); the list helps people and decides nothing: a
 * chain that is not in it is as good as any other.
 *
 * Specification: EIP-155 (what an id is), EIP-2294 (its bound; stagnant, so the bound is our own).
 */
#ifndef ETH_CHAINS_H
#define ETH_CHAINS_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

/* floor((2^64 - 1) / 2) - 36, so that EIP-155's v = id * 2 + 36 fits in 64 bits. */
static const uint64_t CHAINS_ID_MAX = UINT64_C(9223372036854775771);

struct chain {
    uint64_t id;
    const char *name;  /* as flags and JSON take it */
    const char *title; /* as people are shown it */
};

/* All of them, for listings: `*count` of them. */
const struct chain *chains_list(size_t *count);

/* The chain of this id, or NULL. */
const struct chain *chains_find(uint64_t id);

/* The id of this name. NOT_FOUND when no chain has it. */
MUST_CHECK status chains_parse(slice name, uint64_t *id);

#endif
