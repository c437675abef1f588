/*
 * authorization: an account's signed word that its code shall be that of another address.
 *
 * A type 4 transaction carries a list of them: [[chain id, address, nonce, y parity, r, s], ...],
 * each signed by the account that it speaks for, usually not the transaction's sender. The zero
 * address takes the word back. A list is held as its entries' RLP, one after the other.
 *
 * Stricter than the protocol, which skips what it does not like: the chain id is not 0 (an
 * authorization for every chain, which nobody asked for, hands over an account everywhere), the
 * parity is 0 or 1, r is in [1, n) and s in [1, n/2].
 *
 * Specification: EIP-7702.
 */
#ifndef ETH_AUTHORIZATION_H
#define ETH_AUTHORIZATION_H

#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/k256.h"
#include "eth/address.h"

/* Each costs its sender 12,500 gas or more. */
enum { AUTHORIZATION_COUNT_MAX = 1024 };

/* What is signed. */
struct authorization {
    uint64_t chain_id; /* 1 to CHAINS_ID_MAX */
    eth_address address;
    uint64_t nonce; /* at most 2^64 - 2 */
};

/* The digest that the account signs: keccak(0x05 || rlp([chain id, address, nonce])). */
hash32 authorization_digest(const struct authorization *authorization);

/* BAD_INPUT when a rule above is broken. */
MUST_CHECK status authorization_check(const struct authorization *authorization,
                                      const k256_signature *signature);

/* Takes the next entry off the front of a list, and checks it. BAD_INPUT. */
MUST_CHECK status authorization_take(slice *list, struct authorization *authorization,
                                     k256_signature *signature);
/* Appends an entry. */
void authorization_put(struct builder *list, const struct authorization *authorization,
                       const k256_signature *signature);

/* BAD_INPUT unless there is at least one entry, at most AUTHORIZATION_COUNT_MAX, all well formed. */
MUST_CHECK status authorization_check_list(slice list);

#endif
