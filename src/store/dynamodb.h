/*
 * dynamodb: the production store, one DynamoDB table.
 *
 * Items are laid out as aws/dynamodb.h says. Reads by name are strongly consistent. A search by
 * address asks the index for a name and then reads that name consistently, so its answer is never
 * stale; the index itself lags by some seconds. Creation is conditional on the name being absent,
 * replacement on the stored version and address. It lists in an order of its own.
 *
 * Calls are repeated as store/dynamodb_client.h says. A write whose earlier attempt may have happened
 * is settled here, by repeating it (its condition makes that safe) and, when the condition then does
 * not hold, by reading back and comparing. What cannot be settled in time is ambiguous.
 *
 * An item of the older layout is never read as an account and never overwritten: get and find fail
 * with CONFLICT, a put finds the name taken, and listings show it with version 0.
 */
#ifndef STORE_DYNAMODB_H
#define STORE_DYNAMODB_H

#include "base/status.h"
#include "store/dynamodb_client.h"
#include "store/store.h"

/* `{0}` is closed. Must not move while open. */
struct dynamodb_store {
    struct dynamodb_client client;
};

/* Sends nothing. Fails as dynamodb_client_open does. */
MUST_CHECK status dynamodb_store_open(struct dynamodb_store *dynamodb,
                                      const struct dynamodb_config *config);
/* No call may be under way. */
void dynamodb_store_close(struct dynamodb_store *dynamodb);

/* The port, valid while `dynamodb` is open. */
struct store dynamodb_store_port(struct dynamodb_store *dynamodb);

#endif
