/*
 * access_list: the addresses and storage keys that a transaction says it will touch.
 *
 * [[address, [key of 32 bytes, ...]], ...]: order and repetition are kept, since the list is signed
 * as it is. A list is held as its entries' RLP, one after the other, and read by taking entries
 * from the front.
 *
 * Specification: EIP-2930.
 */
#ifndef ETH_ACCESS_LIST_H
#define ETH_ACCESS_LIST_H

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "eth/address.h"

/* Addresses and keys together; each costs its sender 1,900 gas or more. */
enum { ACCESS_LIST_COUNT_MAX = 1024 };

/* One address of a list. */
struct access_entry {
    eth_address address;
    slice keys; /* RLP strings of 32 bytes, one after the other */
};

/* Takes the next entry off the front. BAD_INPUT. */
MUST_CHECK status access_list_take(slice *list, struct access_entry *entry);
/* Takes the next key of an entry. */
MUST_CHECK status access_list_take_key(slice *keys, hash32 *key);

/* BAD_INPUT unless the entries are well formed and at most ACCESS_LIST_COUNT_MAX. */
MUST_CHECK status access_list_check(slice list);

#endif
