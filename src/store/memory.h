/*
 * memory: a store in memory, for tests.
 *
 * It keeps a fixed number of accounts and forgets them when closed. It obeys every rule of
 * store/store.h, also that of an address being taken once; it lists in order of name.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include <pthread.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "store/store.h"

/* `{0}` is closed. Must not move while open. */
struct memory_store {
    struct arena arena;
    struct stored_account *accounts; /* sorted by name through `order` */
    size_t *order;
    size_t count, count_max;
    pthread_mutex_t lock;
};

/* Room for `count_max` accounts; a put beyond that is OVER_LIMIT. UNAVAILABLE without memory. */
MUST_CHECK status memory_store_open(struct memory_store *memory, size_t count_max);
void memory_store_close(struct memory_store *memory);

/* The port, valid while `memory` is open. */
struct store memory_store_port(struct memory_store *memory);

#endif
