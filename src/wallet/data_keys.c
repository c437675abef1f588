#include "wallet/data_keys.h"

#include <string.h>

#include "base/builder.h"

/* ---- ids ---- */

/* Each part behind its size, so that no two triples give the same bytes. */
static void put_part(struct sha256 *hash, slice part)
{
    uint8_t memory[sizeof(uint32_t)];
    struct builder size;
    builder_init(&size, memory, sizeof memory);
    builder_put_u32(&size, (uint32_t)part.size);
    sha256_put(hash, builder_view(&size));
    sha256_put(hash, part);
}

hash32 data_keys_id(slice key_arn, const struct encryption_context *context, slice edk)
{
    struct sha256 hash;
    sha256_init(&hash);
    put_part(&hash, key_arn);
    for (size_t i = 0; i < ENCRYPTION_CONTEXT_COUNT; i++) {
        put_part(&hash, context->pairs[i].name);
        put_part(&hash, context->pairs[i].value);
    }
    put_part(&hash, edk);
    return sha256_finish(&hash);
}

/* ---- entries: a table of lists, and one list in order of use ---- */

/* Ids are public hashes: comparing them may leave early. */
static bool is_same(const hash32 *a, const hash32 *b)
{
    return slice_equal(hash32_view(a), hash32_view(b));
}

static struct data_keys_entry *at(const struct data_keys *keys, uint32_t link)
{
    return link == 0 ? NULL : &keys->entries[link - 1];
}

static uint32_t link_of(const struct data_keys *keys, const struct data_keys_entry *entry)
{
    return (uint32_t)(entry - keys->entries) + 1;
}

static uint32_t *bucket_of(const struct data_keys *keys, const hash32 *id)
{
    slice start = slice_of(id->bytes, sizeof(uint64_t));
    uint64_t number = 0;
    for (size_t i = 0; i < start.size; i++) number = number << 8 | start.bytes[i];
    return &keys->buckets[number % keys->count_max];
}

static struct data_keys_entry *find_entry(const struct data_keys *keys, const hash32 *id)
{
    struct data_keys_entry *entry = at(keys, *bucket_of(keys, id));
    while (entry && !is_same(&entry->id, id)) entry = at(keys, entry->next);
    return entry;
}

static void unlink_use(struct data_keys *keys, struct data_keys_entry *entry)
{
    struct data_keys_entry *newer = at(keys, entry->newer), *older = at(keys, entry->older);
    *(newer ? &newer->older : &keys->newest) = entry->older;
    *(older ? &older->newer : &keys->oldest) = entry->newer;
}

static void link_newest(struct data_keys *keys, struct data_keys_entry *entry)
{
    struct data_keys_entry *second = at(keys, keys->newest);
    entry->newer = 0;
    entry->older = keys->newest;
    keys->newest = link_of(keys, entry);
    *(second ? &second->newer : &keys->oldest) = keys->newest;
}

static void drop(struct data_keys *keys, struct data_keys_entry *entry)
{
    const uint32_t link = link_of(keys, entry);
    uint32_t *from = bucket_of(keys, &entry->id);
    while (*from != link) from = &keys->entries[*from - 1].next;
    *from = entry->next;
    unlink_use(keys, entry);
    secret_wipe(entry, sizeof *entry);
    entry->next = keys->first_free;
    keys->first_free = link;
    keys->count--;
}

/* A free entry, made free by dropping the one used longest ago if need be. */
static struct data_keys_entry *add_entry(struct data_keys *keys, const hash32 *id)
{
    if (keys->first_free == 0) drop(keys, at(keys, keys->oldest));
    struct data_keys_entry *entry = at(keys, keys->first_free);
    uint32_t *bucket = bucket_of(keys, id);
    keys->first_free = entry->next;
    entry->id = *id;
    entry->next = *bucket;
    *bucket = link_of(keys, entry);
    link_newest(keys, entry);
    keys->count++;
    return entry;
}

/* ---- fetches ---- */

static bool is_fetched(const struct data_keys *keys, const hash32 *id)
{
    for (size_t i = 0; i < keys->fetch_count; i++) {
        if (is_same(&keys->fetches[i], id)) return true;
    }
    return false;
}

void data_keys_abandon(struct data_keys *keys, hash32 id)
{
    for (size_t i = 0; i < keys->fetch_count; i++) {
        if (!is_same(&keys->fetches[i], &id)) continue;
        keys->fetches[i] = keys->fetches[--keys->fetch_count];
        return;
    }
}

/* ---- the cache ---- */

size_t data_keys_memory_size(size_t count_max)
{
    return count_max * (sizeof(struct data_keys_entry) + sizeof(uint32_t));
}

void data_keys_init(struct data_keys *keys, void *memory, size_t count_max, int64_t lifetime_ms)
{
    *keys = (struct data_keys){.count_max = count_max, .lifetime_ms = lifetime_ms};
    if (count_max == 0) return;
    memset(memory, 0, data_keys_memory_size(count_max));
    keys->entries = memory;
    keys->buckets = (uint32_t *)(void *)(keys->entries + count_max);
    for (size_t i = 0; i < count_max; i++) keys->entries[i].next = (uint32_t)(i + 2);
    keys->entries[count_max - 1].next = 0;
    keys->first_free = 1;
}

void data_keys_empty(struct data_keys *keys)
{
    while (keys->newest != 0) drop(keys, at(keys, keys->newest));
}

status data_keys_find(struct data_keys *keys, hash32 id, int64_t now_ms, struct data_key *key,
                      enum data_keys_answer *answer)
{
    if (keys->count_max == 0) {
        *answer = DATA_KEYS_FETCH;
        return status_ok();
    }
    struct data_keys_entry *entry = find_entry(keys, &id);
    if (entry && now_ms < entry->expires_at_ms) {
        unlink_use(keys, entry);
        link_newest(keys, entry);
        *key = entry->key;
        *answer = DATA_KEYS_HIT;
        return status_ok();
    }
    if (entry) drop(keys, entry);
    if (is_fetched(keys, &id)) {
        *answer = DATA_KEYS_WAIT;
        return status_ok();
    }
    REQUIRE(keys->fetch_count < DATA_KEYS_FETCH_COUNT_MAX, OVER_LIMIT,
            "data_keys: too many data keys are being fetched");
    keys->fetches[keys->fetch_count++] = id;
    *answer = DATA_KEYS_FETCH;
    return status_ok();
}

void data_keys_put(struct data_keys *keys, hash32 id, int64_t now_ms, const struct data_key *key)
{
    data_keys_abandon(keys, id);
    if (keys->count_max == 0) return;
    struct data_keys_entry *entry = find_entry(keys, &id);
    if (!entry) {
        entry = add_entry(keys, &id);
        entry->expires_at_ms = now_ms + keys->lifetime_ms;
    }
    entry->key = *key;
}

void data_keys_expire(struct data_keys *keys, int64_t now_ms)
{
    uint32_t link = keys->newest;
    while (link != 0) {
        struct data_keys_entry *entry = at(keys, link);
        link = entry->older;
        if (now_ms >= entry->expires_at_ms) drop(keys, entry);
    }
}
