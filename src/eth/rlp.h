/*
 * rlp: Ethereum's Recursive Length Prefix encoding.
 *
 * Reading is strict: what a conforming encoder would not have written is refused, so one value has
 * one encoding and a hash cannot be made to stand for two meanings. Items are views of the input;
 * nothing here allocates or recurses. Lists are read by taking from their payload.
 *
 * Specification: Ethereum Yellow Paper, appendix B.
 */
#ifndef ETH_RLP_H
#define ETH_RLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "eth/u256.h"

struct rlp_item {
    bool is_list;
    slice payload; /* a string's bytes, or a list's items one after the other */
};

/*
 * Takes the next item off the front of `input`.
 *
 * On success `item->payload` views the same memory as `input`. On failure neither has changed.
 */
MUST_CHECK status rlp_take(slice *input, struct rlp_item *item);

/* Takes a list and gives its payload; a string is refused. */
MUST_CHECK status rlp_take_list(slice *input, slice *payload);
/* Takes a string; a list is refused. */
MUST_CHECK status rlp_take_string(slice *input, slice *bytes);
/* Takes a string of exactly `size` bytes. */
MUST_CHECK status rlp_take_bytes(slice *input, size_t size, uint8_t *bytes);
/* Takes an integer: a string without leading zero bytes, no wider than the type. */
MUST_CHECK status rlp_take_u64(slice *input, uint64_t *value);
MUST_CHECK status rlp_take_u256(slice *input, u256 *value);

/* BAD_INPUT unless nothing is left. */
MUST_CHECK status rlp_expect_end(slice input);

/* Append one item. */
void rlp_put_string(struct builder *builder, slice bytes);
void rlp_put_u64(struct builder *builder, uint64_t value);
void rlp_put_u256(struct builder *builder, u256 value);
/* Appends a list whose items are encoded already. */
void rlp_put_list(struct builder *builder, slice payload);

/*
 * Appends a list item by item: everything put between open and close belongs to it. `start` is
 * what open returned; lists may nest.
 */
size_t rlp_put_list_open(const struct builder *builder);
void rlp_put_list_close(struct builder *builder, size_t start);

#endif
