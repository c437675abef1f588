/*
 * data_keys: a bounded cache of unwrapped data keys.
 *
 * A key lives for a fixed time after it was put, is dropped when the cache is full and it was used
 * longest ago, and is wiped then. What is put must have opened a record. The cache is a value: it
 * asks no clock and no KMS, and starts no thread. Who owns it guards it with a lock, gives the time,
 * and gives the memory, which should be locked and kept out of core files.
 *
 * One fetch a key: the first to miss is told to fetch, everybody else to wait, until the fetcher
 * puts the key or abandons the fetch; then who waited asks again. With no entries (the cache is
 * off) every find says fetch, nobody waits, and put and abandon do nothing.
 */
#ifndef WALLET_DATA_KEYS_H
#define WALLET_DATA_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "wallet/data_key.h"
#include "wallet/encryption_context.h"

enum {
    DATA_KEYS_COUNT_MAX = 4096,     /* entries; about 400 bytes each, all of it locked memory */
    DATA_KEYS_FETCH_COUNT_MAX = 64, /* fetches at a time; more than there are KMS workers */
};

/* One entry; `data_keys_init` is given an array of them. */
struct data_keys_entry {
    hash32 id;
    struct data_key key;
    int64_t expires_at_ms;
    uint32_t newer, older; /* neighbours in order of use; indexes + 1, 0 is none */
    uint32_t next;         /* in the same bucket, or among the free */
};

struct data_keys {
    struct data_keys_entry *entries;
    uint32_t *buckets; /* index + 1 of the first entry, 0 for none */
    size_t count_max;
    size_t count;
    int64_t lifetime_ms;
    uint32_t newest, oldest, first_free;
    hash32 fetches[DATA_KEYS_FETCH_COUNT_MAX];
    size_t fetch_count;
};

enum data_keys_answer {
    DATA_KEYS_HIT,
    DATA_KEYS_FETCH, /* the caller must fetch it, then put or abandon */
    DATA_KEYS_WAIT,  /* somebody else fetches it */
};

/* The id of a data key: SHA-256 over the key's ARN, the encryption context and the EDK. */
hash32 data_keys_id(slice key_arn, const struct encryption_context *context, slice edk);

/* How much memory a cache of `count_max` entries takes, aligned as malloc aligns. */
size_t data_keys_memory_size(size_t count_max);

/*
 * Starts an empty cache in `memory`, which has data_keys_memory_size(count_max) bytes (NULL for 0
 * entries), is aligned as malloc aligns, and outlives the cache.
 */
void data_keys_init(struct data_keys *keys, void *memory, size_t count_max, int64_t lifetime_ms);

/* Wipes every entry; fetches go on. Also the last thing to call before memory is given back. */
void data_keys_empty(struct data_keys *keys);

/*
 * Looks a key up and copies it out. A hit counts as a use; an expired entry is wiped. OVER_LIMIT
 * when too many fetches are going on. `now_ms` is monotonic. On anything but a hit `key` is
 * untouched.
 */
MUST_CHECK status data_keys_find(struct data_keys *keys, hash32 id, int64_t now_ms,
                                 struct data_key *key, enum data_keys_answer *answer);

/*
 * Puts a key that has just opened a record, and ends its fetch if there was one. An entry of the
 * same id is replaced but keeps its time of expiry: use does not prolong it. Putting is only worth
 * it after a fetch, or when the key has derived values that it had not when it was found.
 */
void data_keys_put(struct data_keys *keys, hash32 id, int64_t now_ms, const struct data_key *key);

/* Ends a fetch that gave no usable key. */
void data_keys_abandon(struct data_keys *keys, hash32 id);

/* Wipes what has expired; for a time when nobody asks. */
void data_keys_expire(struct data_keys *keys, int64_t now_ms);

#endif
