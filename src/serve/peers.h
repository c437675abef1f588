/*
 * peers: how many connections each address has.
 *
 * One table for all shards, under a lock that is taken when a connection comes and when it ends. An
 * IPv6 host can have any address of its /64, which therefore counts as one. Addresses of this
 * machine are not counted: what they stand for is not told apart by them.
 */
#ifndef SERVE_PEERS_H
#define SERVE_PEERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "serve/peer.h"

/* One address that has connections. */
struct serve_peers_entry {
    bytes16 key;
    uint32_t count;
    uint32_t next; /* in its bucket, or among the free ones; from 1, 0 ends the list */
};

struct serve_peers {
    pthread_mutex_t mutex;
    struct serve_peers_entry *entries;
    uint32_t *buckets; /* the first entry of each, from 1 */
    size_t entry_count, bucket_count;
    uint32_t first_free;
    uint32_t count_max;
    uint64_t seed; /* so that nobody can choose addresses of one bucket */
    bool is_open;
};

/* For at most `connection_count` connections, of which one address may have `count_max`. */
MUST_CHECK status serve_peers_init(struct serve_peers *peers, struct arena *memory,
                                   size_t connection_count, size_t count_max);
void serve_peers_close(struct serve_peers *peers);

/* The memory that init takes. */
size_t serve_peers_memory_size(size_t connection_count);

/* Counts one more connection. False when the address has as many as it may, or the table is full. */
bool serve_peers_enter(struct serve_peers *peers, const struct serve_peer *peer);

/* Counts one less: for each that was entered, once. */
void serve_peers_leave(struct serve_peers *peers, const struct serve_peer *peer);

#endif
