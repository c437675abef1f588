/*
 * dynamodb_table: making and checking the table that store/dynamodb.h uses.
 *
 * The table is keyed by `name`, has the index `address-index` on `address` with the keys only, and is
 * billed on demand. Point-in-time recovery is switched on where the service knows it.
 */
#ifndef STORE_DYNAMODB_TABLE_H
#define STORE_DYNAMODB_TABLE_H

#include <stdint.h>

#include "base/status.h"
#include "store/dynamodb.h"

/*
 * Makes the table unless it exists, and waits until it and its index are active.
 *
 * CONFLICT when a table of this name has other keys or lacks the index. UNAVAILABLE when it is not
 * active by the deadline; asking again goes on waiting.
 */
MUST_CHECK status dynamodb_table_create(struct dynamodb_store *dynamodb, int64_t deadline_ms);

/* Succeeds when the table exists, is active and has the keys and the index. NOT_FOUND, CONFLICT. */
MUST_CHECK status dynamodb_table_check(struct dynamodb_store *dynamodb, int64_t deadline_ms);

#endif
