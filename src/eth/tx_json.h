/*
 * tx_json: transactions as the JSON objects of Ethereum's APIs.
 *
 * Read: from, and the fields of the table in eth/tx.h under their names: to, gas or gasLimit,
 * gasPrice, maxFeePerGas, maxPriorityFeePerGas, value, nonce, data or input, type, chainId,
 * accessList [{address, storageKeys}], maxFeePerBlobGas, blobVersionedHashes, authorizationList
 * [{chainId, address, nonce, yParity, r, s}]. Quantities are "0x" and hex digits without leading
 * zeros, never JSON numbers or decimal text. A field with two names may be given under both if they
 * are equal. A field that is null is absent, as clients write it.
 *
 * The type, when absent, follows from the fields: authorizationList is set code, a blob field is
 * blob, maxFeePerGas or maxPriorityFeePerGas is dynamic fee, gasPrice with accessList is access
 * list, gasPrice alone is legacy; none of them is refused. Nonce, gas, fees and chain id are
 * required: a signer without a chain cannot fill them. `value` absent is zero, `data` and accessList
 * absent are empty, `to` absent creates a contract. Fields that belong to another type, fields that
 * are not known, v, r, s, yParity and hash, and a blob's sidecar, which is not signed, are refused.
 * Each refusal is noted with its field (json_where).
 *
 * Specification: Ethereum JSON-RPC (execution-apis), EIP-1474, EIP-2718, EIP-2930.
 */
#ifndef ETH_TX_JSON_H
#define ETH_TX_JSON_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/json.h"
#include "base/status.h"
#include "eth/tx.h"

/* What was asked for: a transaction that tx_check accepts, and who is to sign it. */
struct tx_json {
    struct tx tx; /* slices view the arena */
    bool has_from;
    eth_address from;
};

/* Reads a transaction object. BAD_INPUT; OVER_LIMIT when the arena is too small. */
MUST_CHECK status tx_json_read(const json_value *object, struct arena *arena,
                               struct tx_json *request);

/*
 * Appends the fields of a signed transaction into an object that is open, with the names that
 * nodes use: type, the type's fields in their order (data as "input"), v, r, s, yParity (not for
 * legacy), hash. Quantities have no leading zeros.
 */
void tx_json_put_fields(struct builder *builder, const struct tx *tx,
                        const k256_signature *signature, hash32 hash);

#endif
