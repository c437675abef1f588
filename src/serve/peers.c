#include "serve/peers.h"

#include <assert.h>
#include <stdalign.h>

#include "os/random.h"

enum { PREFIX_SIZE = 8 }; /* of an IPv6 address: its /64 */

static size_t bucket_count_of(size_t connection_count)
{
    size_t count = 16;
    while (count < connection_count) count *= 2;
    return count;
}

size_t serve_peers_memory_size(size_t connection_count)
{
    return connection_count * sizeof(struct serve_peers_entry) +
           bucket_count_of(connection_count) * sizeof(uint32_t) + 2 * alignof(max_align_t);
}

status serve_peers_init(struct serve_peers *peers, struct arena *memory, size_t connection_count,
                        size_t count_max)
{
    void *entries, *buckets;
    *peers = (struct serve_peers){.entry_count = connection_count,
                                  .bucket_count = bucket_count_of(connection_count),
                                  .count_max = (uint32_t)count_max};
    TRY(random_read((uint8_t *)&peers->seed, sizeof peers->seed));
    TRY(arena_take(memory, connection_count * sizeof *peers->entries, &entries));
    TRY(arena_take(memory, peers->bucket_count * sizeof *peers->buckets, &buckets));
    peers->entries = entries;
    peers->buckets = buckets;
    for (size_t i = 0; i < connection_count; i++) {
        peers->entries[i].next = (uint32_t)(i + 1 < connection_count ? i + 2 : 0);
    }
    peers->first_free = 1;
    pthread_mutex_init(&peers->mutex, NULL);
    peers->is_open = true;
    return status_ok();
}

void serve_peers_close(struct serve_peers *peers)
{
    if (peers->is_open) pthread_mutex_destroy(&peers->mutex);
    *peers = (struct serve_peers){0};
}

static bytes16 key_of(const struct serve_peer *peer)
{
    bytes16 key = peer->address;
    static const uint8_t zeros[PREFIX_SIZE] = {0};
    const bool is_ipv4 =
        slice_equal(slice_of(key.bytes, PREFIX_SIZE), slice_of(zeros, PREFIX_SIZE));
    if (!is_ipv4) memset(key.bytes + PREFIX_SIZE, 0, sizeof key.bytes - PREFIX_SIZE);
    return key;
}

static uint32_t *bucket_of(struct serve_peers *peers, const bytes16 *key)
{
    uint64_t hash = peers->seed;
    for (size_t i = 0; i < sizeof key->bytes; i++) {
        hash = (hash ^ key->bytes[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return &peers->buckets[hash & (peers->bucket_count - 1)];
}

/* The link that leads to the address's entry, or to 0. */
static uint32_t *find(struct serve_peers *peers, const bytes16 *key)
{
    uint32_t *link = bucket_of(peers, key);
    while (*link && !bytes16_equal(peers->entries[*link - 1].key, *key)) {
        link = &peers->entries[*link - 1].next;
    }
    return link;
}

static bool enter(struct serve_peers *peers, const bytes16 *key)
{
    const uint32_t *found = find(peers, key);
    if (*found) {
        struct serve_peers_entry *entry = &peers->entries[*found - 1];
        if (entry->count >= peers->count_max) return false;
        entry->count++;
        return true;
    }
    if (!peers->first_free) return false;
    const uint32_t place = peers->first_free;
    uint32_t *bucket = bucket_of(peers, key);
    peers->first_free = peers->entries[place - 1].next;
    peers->entries[place - 1] = (struct serve_peers_entry){*key, 1, *bucket};
    *bucket = place;
    return true;
}

bool serve_peers_enter(struct serve_peers *peers, const struct serve_peer *peer)
{
    if (peer->is_local) return true;
    const bytes16 key = key_of(peer);
    pthread_mutex_lock(&peers->mutex);
    const bool is_entered = enter(peers, &key);
    pthread_mutex_unlock(&peers->mutex);
    return is_entered;
}

void serve_peers_leave(struct serve_peers *peers, const struct serve_peer *peer)
{
    if (peer->is_local) return;
    const bytes16 key = key_of(peer);
    pthread_mutex_lock(&peers->mutex);
    uint32_t *link = find(peers, &key);
    assert(*link);
    const uint32_t place = *link;
    struct serve_peers_entry *entry = &peers->entries[place - 1];
    if (--entry->count == 0) {
        *link = entry->next;
        entry->next = peers->first_free;
        peers->first_free = place;
    }
    pthread_mutex_unlock(&peers->mutex);
}
