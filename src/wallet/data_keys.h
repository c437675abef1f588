/*
 * data_keys: a bounded cache of data keys that have opened their record.
 *
 * A key is kept under everything that KMS bound it to: which pinned key, the record's head (account,
 * epoch, hash of the KMS key, salt) and its encrypted data key, all compared exactly. It lives for
 * at most a fixed time after it was put, however often it is used, and is wiped then. Times are
 * spread: keys put together neither expire nor age together.
 *
 * A key in use is to be fetched anew before it expires. The first hit after about two thirds of its
 * life says so; the next one says it again only after DATA_KEYS_AGING_PAUSE_MS, in case that failed.
 *
 * A full cache gives up an entry chosen at random. Giving up the one used longest ago would let
 * a walk over a few more accounts than fit miss every single time; chance lets it hit about one time
 * in five when twice as many are walked, and nobody can predict it into being worse.
 *
 * The cache is a value: it asks no clock, no KMS and no randomness but its seed, and starts no
 * thread. Who owns it guards it with a lock, gives the time, and gives the memory, which should be
 * locked and kept out of core files. With no entries (the cache is off) every find misses, and put
 * does nothing.
 */
#ifndef WALLET_DATA_KEYS_H
#define WALLET_DATA_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "wallet/data_key.h"

enum {
    DATA_KEYS_COUNT_MAX = 65536,
    DATA_KEYS_ENTRY_SIZE_MAX = 640, /* bytes of locked memory for each entry: 40 MiB in all */
    DATA_KEYS_MEMORY_SIZE_MAX = DATA_KEYS_COUNT_MAX * DATA_KEYS_ENTRY_SIZE_MAX,
    DATA_KEYS_EDK_SIZE_MAX = 224,    /* kept as it is (KMS's have about 184 bytes), else hashed */
    DATA_KEYS_AGING_PAUSE_MS = 2000, /* before a hit says again that the key is ageing */
    DATA_KEYS_EXPIRE_COUNT = 1024,   /* entries looked at in one data_keys_expire */
};

/* What a data key is kept under. */
struct data_keys_name {
    size_t key_index; /* the pinned KMS key */
    slice head;       /* the record's first DATA_KEY_HEAD_SIZE bytes */
    slice edk;        /* the data key as KMS encrypted it */
};

/* One entry; `data_keys_init` is given memory for them. */
struct data_keys_entry {
    struct data_key key; /* with the head of its name */
    uint32_t key_index;
    uint32_t edk_size;
    uint8_t edk[DATA_KEYS_EDK_SIZE_MAX]; /* or its SHA-256, when it is longer than this */
    int64_t ages_at_ms, expires_at_ms;
    uint32_t next; /* in the same bucket, or among the free; index + 1, 0 is none */
    uint8_t is_used;
};

struct data_keys {
    struct data_keys_entry *entries;
    uint32_t *buckets; /* index + 1 of the first entry, 0 for none */
    size_t count_max;
    size_t count;
    int64_t lifetime_ms;
    uint32_t first_free;
    uint64_t chance; /* state of the generator */
};

struct data_keys_settings {
    void *memory; /* data_keys_memory_size bytes, aligned as malloc aligns; outlives the cache */
    size_t count_max;
    int64_t lifetime_ms;
    uint64_t seed; /* of what is left to chance: not secret, but not known before */
};

enum data_keys_answer {
    DATA_KEYS_MISS,
    DATA_KEYS_HIT,
    DATA_KEYS_AGING, /* a hit; the key should be fetched anew meanwhile */
};

/* How much memory a cache of `count_max` entries takes. */
size_t data_keys_memory_size(size_t count_max);

/* Starts an empty cache. */
void data_keys_init(struct data_keys *keys, const struct data_keys_settings *settings);

/* Wipes every entry. Also the last thing to call before memory is given back. */
void data_keys_empty(struct data_keys *keys);

/*
 * Looks a key up and copies it out. An expired entry is wiped, and a miss. `now_ms` is monotonic. On
 * a miss `key` is untouched.
 */
enum data_keys_answer data_keys_find(struct data_keys *keys, const struct data_keys_name *name,
                                     int64_t now_ms, struct data_key *key);

/*
 * Keeps a key that was fetched just now and has opened the record of this name (asserted: it is
 * derived for the name's head, and checked). What was kept under the name is replaced.
 */
void data_keys_put(struct data_keys *keys, const struct data_keys_name *name, int64_t now_ms,
                   const struct data_key *key);

/*
 * Wipes what has expired among the DATA_KEYS_EXPIRE_COUNT entries from index `from` on, so that no
 * lock is held for long. Returns where to go on, 0 when that was the end.
 */
size_t data_keys_expire(struct data_keys *keys, int64_t now_ms, size_t from);

#endif
