/*
 * calls: what a contract call does, as facts: who gets what of whom.
 *
 * A table of the functions that move or give away what an account owns. A call whose selector is in
 * the table and whose arguments are not exactly that function's is MALFORMED, which is worse than
 * unknown: nobody may take it for what its selector says. Calls that carry calls (multicall,
 * execute) are opened to a depth of CALLS_DEPTH_MAX.
 *
 * Four bytes name a function only as far as nobody looks for a clash; what stands here is what a
 * contract of that kind would do, not a proof of what this contract does.
 *
 * Specification: ERC-20, ERC-721, ERC-1155, EIP-2612, Solidity contract ABI.
 */
#ifndef CALLS_CALLS_H
#define CALLS_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "calls/abi.h"
#include "eth/address.h"
#include "eth/u256.h"

enum { CALLS_DEPTH_MAX = 3 /* calls inside calls inside the call */ };

enum call_kind {
    CALL_NONE,           /* no data: value only */
    CALL_UNKNOWN,        /* not in the table, or fewer than 4 bytes */
    CALL_MALFORMED,      /* in the table, but its arguments are not that function's */
    CALL_TRANSFER,       /* `amount` of the caller's tokens to `to` */
    CALL_TRANSFER_FROM,  /* `amount` of `from`'s tokens to `to`; of an NFT the token's id */
    CALL_NFT_TRANSFER,   /* the token `id` of `from` to `to` */
    CALL_MULTI_TRANSFER, /* `amount` of the token `id` of `from` to `to` (ERC-1155) */
    CALL_APPROVE,     /* `to` may spend `amount` of the caller's tokens; of an NFT the token's id */
    CALL_INCREASE,    /* the same, added to what it may spend already */
    CALL_DECREASE,    /* the same, taken off */
    CALL_APPROVE_ALL, /* `to` may (or, not is_on, no longer) move all of the caller's tokens */
    CALL_PERMIT,      /* `to` may spend `amount` of `from`'s tokens, by `from`'s signature */
    CALL_WITHDRAW,    /* `amount` of wrapped ether back into ether */
    CALL_MULTICALL,   /* calls, each to the same contract */
    CALL_EXECUTE,     /* a call of `to` with `amount` wei */
};

/* One call. What its kind does not have is zero. */
struct call {
    enum call_kind kind;
    const char *signature; /* "transfer(address,uint256)", NULL when it is not in the table */
    slice selector;        /* 4 bytes, or what there is */
    eth_address from, to;
    u256 amount, id;
    bool is_on;
    slice inner;             /* EXECUTE: the call's data */
    struct abi_array inners; /* MULTICALL: each call's data */
    status malformed;        /* why, when it is MALFORMED */
};

/* Reads call data. Never fails: what is not understood says so in its kind. */
void calls_read(slice data, struct call *call);

/* True for an amount that stands for "all, for ever": the upper half of 256 bits. */
bool calls_is_unlimited(u256 amount);

/* What is called with each call: `depth` is 0 for the outermost. */
typedef void (*calls_visit)(void *context, const struct call *call, size_t depth);

/*
 * Visits a call and those inside it, outer ones first. Deeper than CALLS_DEPTH_MAX a call is visited
 * as UNKNOWN.
 */
void calls_walk(slice data, calls_visit visit, void *context);

/* The digest of call data as devices show it (ERC-8213): keccak(uint256(size) || data). */
void calls_digest(slice data, uint8_t digest[32]);

#endif
