#include "wallet/data_keys.h"

#include <assert.h>
#include <string.h>

#include "crypto/digest.h"

static_assert(sizeof(struct data_keys_entry) + sizeof(uint32_t) <= DATA_KEYS_ENTRY_SIZE_MAX,
              "an entry and its bucket are as small as was promised");

/* SplitMix64: chance for eviction and spreading, where nothing secret depends on it. */
static uint64_t draw(struct data_keys *keys)
{
    uint64_t x = keys->chance += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* ---- names ---- */

/* The EDK in an entry's shape. The real size stands beside it, so a hash is never taken for one. */
static void edk_put(slice edk, struct data_keys_entry *entry)
{
    entry->edk_size = (uint32_t)edk.size;
    if (edk.size <= DATA_KEYS_EDK_SIZE_MAX) {
        if (edk.size > 0) memcpy(entry->edk, edk.bytes, edk.size);
        return;
    }
    const hash32 hash = sha256(edk);
    memcpy(entry->edk, hash.bytes, sizeof hash.bytes);
}

static bool edk_is(const struct data_keys_entry *entry, slice edk)
{
    if (entry->edk_size != edk.size) return false;
    if (edk.size <= DATA_KEYS_EDK_SIZE_MAX) return slice_equal(edk, slice_of(entry->edk, edk.size));
    const hash32 hash = sha256(edk);
    return slice_equal(hash32_view(&hash), slice_of(entry->edk, sizeof hash.bytes));
}

static slice head_of(const struct data_keys_entry *entry)
{
    return slice_of(entry->key.head, DATA_KEY_HEAD_SIZE);
}

/* Names are public: comparing them may leave early. */
static bool is_named(const struct data_keys_entry *entry, const struct data_keys_name *name)
{
    return entry->key_index == name->key_index && slice_equal(head_of(entry), name->head) &&
           edk_is(entry, name->edk);
}

/*
 * By the record's salt, which was drawn when it was sealed. A host that makes up records with equal
 * salts gains nothing: what does not open is not kept.
 */
static uint32_t *bucket_of(const struct data_keys *keys, slice head)
{
    const slice start = slice_part(head, DATA_KEY_CONTEXT_SIZE, sizeof(uint64_t));
    uint64_t number = 0;
    for (size_t i = 0; i < start.size; i++) number = number << 8 | start.bytes[i];
    return &keys->buckets[number % keys->count_max];
}

/* ---- entries: a table of lists ---- */

static struct data_keys_entry *at(const struct data_keys *keys, uint32_t link)
{
    return link == 0 ? NULL : &keys->entries[link - 1];
}

static struct data_keys_entry *find_entry(const struct data_keys *keys,
                                          const struct data_keys_name *name)
{
    assert(name->head.size == DATA_KEY_HEAD_SIZE);
    struct data_keys_entry *entry = at(keys, *bucket_of(keys, name->head));
    while (entry && !is_named(entry, name)) entry = at(keys, entry->next);
    return entry;
}

static void drop(struct data_keys *keys, struct data_keys_entry *entry)
{
    const uint32_t link = (uint32_t)(entry - keys->entries) + 1;
    uint32_t *from = bucket_of(keys, head_of(entry));
    while (*from != link) from = &keys->entries[*from - 1].next;
    *from = entry->next;
    secret_wipe(entry, sizeof *entry);
    entry->next = keys->first_free;
    keys->first_free = link;
    keys->count--;
}

/* A free entry in the name's list. When all are used, any one of them makes room. */
static struct data_keys_entry *add_entry(struct data_keys *keys, const struct data_keys_name *name)
{
    if (keys->first_free == 0) drop(keys, &keys->entries[draw(keys) % keys->count_max]);
    struct data_keys_entry *entry = at(keys, keys->first_free);
    uint32_t *bucket = bucket_of(keys, name->head);
    const uint32_t link = keys->first_free;
    keys->first_free = entry->next;
    entry->key_index = (uint32_t)name->key_index;
    edk_put(name->edk, entry);
    entry->is_used = 1;
    entry->next = *bucket;
    *bucket = link;
    keys->count++;
    return entry;
}

/* ---- the cache ---- */

size_t data_keys_memory_size(size_t count_max)
{
    return count_max * (sizeof(struct data_keys_entry) + sizeof(uint32_t));
}

void data_keys_init(struct data_keys *keys, const struct data_keys_settings *settings)
{
    const size_t count_max = settings->count_max;
    *keys = (struct data_keys){
        .count_max = count_max,
        .lifetime_ms = settings->lifetime_ms,
        .chance = settings->seed,
    };
    if (count_max == 0) return;
    memset(settings->memory, 0, data_keys_memory_size(count_max));
    keys->entries = settings->memory;
    keys->buckets = (uint32_t *)(void *)(keys->entries + count_max);
    for (size_t i = 0; i < count_max; i++) keys->entries[i].next = (uint32_t)(i + 2);
    keys->entries[count_max - 1].next = 0;
    keys->first_free = 1;
}

void data_keys_empty(struct data_keys *keys)
{
    for (size_t i = 0; i < keys->count_max && keys->count > 0; i++) {
        if (keys->entries[i].is_used) drop(keys, &keys->entries[i]);
    }
}

enum data_keys_answer data_keys_find(struct data_keys *keys, const struct data_keys_name *name,
                                     int64_t now_ms, struct data_key *key)
{
    if (keys->count_max == 0) return DATA_KEYS_MISS;
    struct data_keys_entry *entry = find_entry(keys, name);
    if (!entry) return DATA_KEYS_MISS;
    if (now_ms >= entry->expires_at_ms) {
        drop(keys, entry);
        return DATA_KEYS_MISS;
    }
    *key = entry->key;
    if (now_ms < entry->ages_at_ms) return DATA_KEYS_HIT;
    entry->ages_at_ms = now_ms + DATA_KEYS_AGING_PAUSE_MS;
    return DATA_KEYS_AGING;
}

void data_keys_put(struct data_keys *keys, const struct data_keys_name *name, int64_t now_ms,
                   const struct data_key *key)
{
    assert(key->is_derived && key->is_checked);
    assert(slice_equal(name->head, slice_of(key->head, DATA_KEY_HEAD_SIZE)));
    if (keys->count_max == 0) return;
    struct data_keys_entry *entry = find_entry(keys, name);
    if (!entry) entry = add_entry(keys, name);
    entry->key = *key;
    /* It ages at 50 to 80 per cent of its life, and lives for 90 to 100 per cent of the longest. */
    const int64_t life_ms = keys->lifetime_ms;
    const int64_t spread = (int64_t)(draw(keys) % 1024);
    entry->ages_at_ms = now_ms + life_ms * 8 / 10 - life_ms * 3 / 10 * spread / 1024;
    entry->expires_at_ms = now_ms + life_ms - life_ms / 10 * spread / 1024;
}

size_t data_keys_expire(struct data_keys *keys, int64_t now_ms, size_t from)
{
    size_t index = from;
    for (; index < keys->count_max && index - from < DATA_KEYS_EXPIRE_COUNT; index++) {
        struct data_keys_entry *entry = &keys->entries[index];
        if (entry->is_used && now_ms >= entry->expires_at_ms) drop(keys, entry);
    }
    return index < keys->count_max ? index : 0;
}
