#include "parent/record_cache.h"

#include <string.h>

struct record_entry {
    uint32_t newer, older;                /* the ring of last use */
    uint32_t next_by_id, next_by_address; /* the rest of the buckets; 0 ends them */
    int64_t kept_at_ms;
    struct cached_record cached;
};

/* Spreads the first eight bytes, which are a hash's already, by a secret seed (splitmix64). */
static uint64_t spread(const struct record_cache *cache, const uint8_t *bytes)
{
    uint64_t z;
    memcpy(&z, bytes, sizeof z);
    z ^= cache->seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint32_t *id_bucket(const struct record_cache *cache, const account_id *id)
{
    return &cache->by_id[spread(cache, id->bytes) & (cache->bucket_count - 1)];
}

static uint32_t *address_bucket(const struct record_cache *cache, const eth_address *address)
{
    return &cache->by_address[spread(cache, address->bytes) & (cache->bucket_count - 1)];
}

status record_cache_open(struct record_cache *cache, size_t count_max, uint64_t seed)
{
    REQUIRE(count_max <= RECORD_CACHE_COUNT_MAX, OVER_LIMIT,
            "record cache: at most 1000000 entries");
    size_t bucket_count = 1;
    while (bucket_count < count_max) bucket_count *= 2;
    const size_t entries_size = (count_max + 1) * sizeof(struct record_entry);
    const size_t buckets_size = bucket_count * sizeof(uint32_t);
    struct arena memory;
    TRY(arena_open(&memory, entries_size + 2 * buckets_size + 64));
    *cache = (struct record_cache){.memory = memory,
                                   .bucket_count = bucket_count,
                                   .count_max = count_max,
                                   .seed = seed,
                                   .clock = clock_system()};
    void *entries, *by_id, *by_address;
    TRY(arena_take(&cache->memory, entries_size, &entries));
    TRY(arena_take(&cache->memory, buckets_size, &by_id));
    TRY(arena_take(&cache->memory, buckets_size, &by_address));
    cache->entries = entries;
    cache->by_id = by_id;
    cache->by_address = by_address;
    pthread_mutex_init(&cache->mutex, NULL);
    return status_ok();
}

void record_cache_close(struct record_cache *cache)
{
    if (!cache->entries) return;
    pthread_mutex_destroy(&cache->mutex);
    /* Emptying would touch every page only to wipe what is no secret. */
    cache->memory.used_size = 0;
    arena_close(&cache->memory);
    *cache = (struct record_cache){0};
}

static void leave_ring(struct record_cache *cache, uint32_t index)
{
    struct record_entry *entries = cache->entries;
    entries[entries[index].newer].older = entries[index].older;
    entries[entries[index].older].newer = entries[index].newer;
}

/* Entry 0 is both ends: its older neighbour is the newest entry, its newer one the oldest. */
static void enter_ring(struct record_cache *cache, uint32_t index)
{
    struct record_entry *entries = cache->entries;
    entries[index].newer = 0;
    entries[index].older = entries[0].older;
    entries[entries[0].older].newer = index;
    entries[0].older = index;
}

static uint32_t find_id(const struct record_cache *cache, const account_id *id)
{
    uint32_t index = *id_bucket(cache, id);
    while (index && !account_id_equal(&cache->entries[index].cached.id, id)) {
        index = cache->entries[index].next_by_id;
    }
    return index;
}

static uint32_t find_address(const struct record_cache *cache, eth_address address)
{
    uint32_t index = *address_bucket(cache, &address);
    while (index && !address_equal(cache->entries[index].cached.address, address)) {
        index = cache->entries[index].next_by_address;
    }
    return index;
}

/* Copies only the bytes that are in use. */
static void copy(const struct cached_record *from, struct cached_record *to)
{
    to->id = from->id;
    to->address = from->address;
    to->record_size = from->record_size;
    memcpy(to->record, from->record, from->record_size);
}

/* Another process may have replaced in the store what is kept here. */
static bool is_too_old(const struct record_cache *cache, uint32_t index)
{
    const int64_t age_ms =
        clock_read_monotonic_ms(&cache->clock) - cache->entries[index].kept_at_ms;
    return age_ms >= RECORD_CACHE_AGE_MS_MAX;
}

static bool deliver(struct record_cache *cache, uint32_t index, struct cached_record *found)
{
    if (!index || is_too_old(cache, index)) {
        cache->miss_count++;
        return false;
    }
    cache->hit_count++;
    leave_ring(cache, index);
    enter_ring(cache, index);
    copy(&cache->entries[index].cached, found);
    return true;
}

bool record_cache_find_id(struct record_cache *cache, const account_id *id,
                          struct cached_record *found)
{
    if (!cache->entries) return false;
    pthread_mutex_lock(&cache->mutex);
    const bool is_found = deliver(cache, find_id(cache, id), found);
    pthread_mutex_unlock(&cache->mutex);
    return is_found;
}

bool record_cache_find_address(struct record_cache *cache, eth_address address,
                               struct cached_record *found)
{
    if (!cache->entries) return false;
    pthread_mutex_lock(&cache->mutex);
    const bool is_found = deliver(cache, find_address(cache, address), found);
    pthread_mutex_unlock(&cache->mutex);
    return is_found;
}

static void leave_buckets(struct record_cache *cache, uint32_t index)
{
    struct record_entry *entries = cache->entries;
    uint32_t *link = id_bucket(cache, &entries[index].cached.id);
    while (*link != index) link = &entries[*link].next_by_id;
    *link = entries[index].next_by_id;
    link = address_bucket(cache, &entries[index].cached.address);
    while (*link != index) link = &entries[*link].next_by_address;
    *link = entries[index].next_by_address;
}

static void enter_buckets(struct record_cache *cache, uint32_t index)
{
    struct record_entry *entry = &cache->entries[index];
    uint32_t *first = id_bucket(cache, &entry->cached.id);
    entry->next_by_id = *first;
    *first = index;
    first = address_bucket(cache, &entry->cached.address);
    entry->next_by_address = *first;
    *first = index;
}

/* A free entry: the one being replaced, a fresh one, or the least recently used. */
static uint32_t take_entry(struct record_cache *cache, const account_id *id)
{
    uint32_t index = find_id(cache, id);
    if (!index && cache->count < cache->count_max) return (uint32_t)++cache->count;
    if (!index) index = cache->entries[0].newer;
    leave_ring(cache, index);
    leave_buckets(cache, index);
    return index;
}

void record_cache_put(struct record_cache *cache, const struct cached_record *record)
{
    if (!cache->entries || cache->count_max == 0) return;
    if (record->record_size > RECORD_CACHE_RECORD_SIZE_MAX) return;
    pthread_mutex_lock(&cache->mutex);
    const uint32_t index = take_entry(cache, &record->id);
    copy(record, &cache->entries[index].cached);
    cache->entries[index].kept_at_ms = clock_read_monotonic_ms(&cache->clock);
    enter_buckets(cache, index);
    enter_ring(cache, index);
    pthread_mutex_unlock(&cache->mutex);
}

/* Moves the last entry into the gap, so that entries 1 to count are always the ones in use. */
static void fill_gap(struct record_cache *cache, uint32_t gap)
{
    const uint32_t last = (uint32_t)cache->count--;
    if (gap == last) return;
    struct record_entry *entries = cache->entries;
    leave_buckets(cache, last);
    copy(&entries[last].cached, &entries[gap].cached);
    entries[gap].kept_at_ms = entries[last].kept_at_ms;
    entries[gap].newer = entries[last].newer;
    entries[gap].older = entries[last].older;
    entries[entries[gap].newer].older = gap;
    entries[entries[gap].older].newer = gap;
    enter_buckets(cache, gap);
}

void record_cache_drop(struct record_cache *cache, const account_id *id)
{
    if (!cache->entries) return;
    pthread_mutex_lock(&cache->mutex);
    const uint32_t index = find_id(cache, id);
    if (index) {
        leave_ring(cache, index);
        leave_buckets(cache, index);
        fill_gap(cache, index);
    }
    pthread_mutex_unlock(&cache->mutex);
}

struct record_cache_counts record_cache_read_counts(struct record_cache *cache)
{
    struct record_cache_counts counts = {0};
    if (!cache->entries) return counts;
    pthread_mutex_lock(&cache->mutex);
    counts = (struct record_cache_counts){cache->hit_count, cache->miss_count, cache->count};
    pthread_mutex_unlock(&cache->mutex);
    return counts;
}
