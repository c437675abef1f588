/*
 * record_cache: sealed records of recently used accounts, found by account id or by address.
 *
 * It saves a signature the store's round trip. A sealed record is no secret: the enclave alone
 * opens it, and checks that it belongs to the account that was asked for, so a stale or mixed-up
 * entry can make a request fail but never sign with another key. The least recently used entry
 * makes room, and none is handed out RECORD_CACHE_AGE_MS_MAX after it was put: so long at most does a
 * record serve that another process has replaced in the store. All memory is reserved at start and touched as entries fill it.
 *
 * Any number of threads may use one cache.
 */
#ifndef PARENT_RECORD_CACHE_H
#define PARENT_RECORD_CACHE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "eth/address.h"
#include "os/clock.h"
#include "proto/account_id.h"

enum {
    RECORD_CACHE_COUNT_MAX = 1000000,     /* entries; about 1 GiB */
    RECORD_CACHE_AGE_MS_MAX = 300 * 1000, /* as long as the enclave keeps a data key */
    RECORD_CACHE_RECORD_SIZE_MAX =
        960, /* bytes; usual records have 500 to 750, longer ones are not kept */
};

/* A record with the two names it is found by, copied in and out. */
struct cached_record {
    account_id id;
    eth_address address;
    size_t record_size;
    uint8_t record[RECORD_CACHE_RECORD_SIZE_MAX];
};

struct record_entry;

/* `{0}` is closed, and finds nothing. Must not move while open. */
struct record_cache {
    struct arena memory;
    struct record_entry *entries; /* entry 0 is the ring that orders all by last use */
    uint32_t *by_id, *by_address; /* first entry of each bucket; 0: none */
    size_t bucket_count;          /* a power of two */
    size_t count, count_max;
    uint64_t seed; /* so that callers cannot choose which entries share a bucket */
    struct clock clock;
    uint64_t hit_count, miss_count;
    pthread_mutex_t mutex;
};

struct record_cache_counts {
    uint64_t hit_count, miss_count, entry_count;
};

/*
 * Reserves room for `count_max` records; 0 makes a cache that keeps nothing. `seed` is random.
 * OVER_LIMIT above RECORD_CACHE_COUNT_MAX, UNAVAILABLE without memory.
 */
MUST_CHECK status record_cache_open(struct record_cache *cache, size_t count_max, uint64_t seed);
void record_cache_close(struct record_cache *cache);

/* Copies the record out if it is there, which also makes it the most recently used. */
bool record_cache_find_id(struct record_cache *cache, const account_id *id,
                          struct cached_record *found);
bool record_cache_find_address(struct record_cache *cache, eth_address address,
                               struct cached_record *found);

/* Keeps a record, in place of what was kept for the same id. */
void record_cache_put(struct record_cache *cache, const struct cached_record *record);

/* Forgets the record of this id. */
void record_cache_drop(struct record_cache *cache, const account_id *id);

struct record_cache_counts record_cache_read_counts(struct record_cache *cache);

#endif
