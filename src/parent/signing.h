/*
 * signing: transactions and messages, signed by the enclave.
 *
 * The parent turns the caller's JSON into exactly the bytes that the enclave will decode, hash and
 * sign; it sends no hashes. When record and credentials are at hand the whole request runs without
 * a worker and without a look at the store. A record from the cache that the enclave refuses is
 * read from the store once more, since another process may have sealed it anew; credentials that
 * AWS refuses are fetched anew, once.
 *
 * Specification: docs/API.md; EIP-155, EIP-191, EIP-1559.
 */
#ifndef PARENT_SIGNING_H
#define PARENT_SIGNING_H

#include "parent/request.h"

enum request_next signing_handle_transaction(struct request *request);
enum request_next signing_handle_message(struct request *request);

#endif
