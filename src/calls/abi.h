/*
 * abi: the arguments of a contract call, read strictly.
 *
 * Call data is a selector of 4 bytes and a head of 32-byte words; a word of a dynamic argument is
 * the offset of its length and bytes, which lie behind the head. Compilers read more than they
 * should: dirty padding, bytes behind the last argument, offsets that overlap. Whoever decides by
 * what a call does must not: here padding is zero, offsets point behind the head, in order and
 * without gaps, and nothing follows the last argument, so that one call has one encoding.
 *
 * Specification: the Solidity contract ABI, "Strict Encoding Mode".
 */
#ifndef CALLS_ABI_H
#define CALLS_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "eth/address.h"
#include "eth/u256.h"

enum {
    ABI_SELECTOR_SIZE = 4,
    ABI_WORD_SIZE = 32,
    ABI_ARRAY_COUNT_MAX = 64, /* elements of an array of bytes */
};

/* Arguments being read. Sticky: after a refusal every value is zero, and abi_finish tells. */
struct abi_reader {
    slice arguments;  /* all of them, without the selector */
    size_t head_size; /* of the words that the arguments begin with */
    size_t next;      /* offset of the word to be read */
    size_t tail;      /* offset at which the next dynamic argument must begin */
    status failure;
};

/* Starts reading arguments whose head has `word_count` words. */
struct abi_reader abi_open(slice arguments, size_t word_count);

u256 abi_u256(struct abi_reader *reader);
/* A number that must fit the given number of bits, a multiple of 8. */
u256 abi_narrow(struct abi_reader *reader, size_t bits);
eth_address abi_address(struct abi_reader *reader);
/* 0 or 1, nothing else. */
bool abi_bool(struct abi_reader *reader);
/* A word that is passed over, whatever it is. */
void abi_skip(struct abi_reader *reader);
/* Bytes of any length, a view of the arguments. */
slice abi_bytes(struct abi_reader *reader);

/*
 * An array of bytes, whose `count` elements are taken with abi_bytes(&array.elements). It must be the
 * last argument, has at most ABI_ARRAY_COUNT_MAX elements, and is refused for any of them.
 */
struct abi_array {
    struct abi_reader elements;
    size_t count;
};
struct abi_array abi_bytes_array(struct abi_reader *reader);

/* BAD_INPUT when any rule was broken, or when something is left. */
MUST_CHECK status abi_finish(const struct abi_reader *reader);

#endif
