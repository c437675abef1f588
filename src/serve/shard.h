/*
 * shard: one thread's share of a server: a socket, a loop, and connections that never leave it.
 *
 * New connections are dealt out once: who accepts one and has more than another shard hands it to
 * the one with the fewest, before its first byte. When the system has no descriptor left, idle
 * connections are closed first; then a reserve is given up for as long as it takes to accept and
 * close what waits, so that nobody waits for an answer that cannot come, and accepting pauses.
 */
#ifndef SERVE_SHARD_H
#define SERVE_SHARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "net/listener.h"
#include "net/tls.h"
#include "os/loop.h"
#include "serve/connection.h"
#include "serve/peers.h"

enum {
    SHARD_COUNT_MAX = 64,
    SHARD_ACCEPT_COUNT_MAX = 64,     /* connections accepted in one turn */
    SHARD_HAND_COUNT_MAX = 64,       /* handed to a shard that has not taken them over yet */
    SHARD_PAUSE_MS = 50,             /* without accepting, when there is no room */
    SHARD_PROGRAM_TIMER_COUNT = 256, /* that the program may set on a shard's loop, besides … */
    SHARD_REQUEST_TIMER_COUNT = 2,   /* … these for each request in handling */
    SHARD_STACK_SIZE = 512 * 1024,
};

struct shard;

/* What the shards of a server share. */
struct shard_group {
    struct shard *shards;
    size_t count;
    struct serve_peers *peers;
    struct tls_server *tls;    /* NULL: none */
    pthread_mutex_t tls_mutex; /* of starting a connection, and of replacing the certificate */
};

/* Connections that another shard has accepted for this one. */
struct shard_hand {
    pthread_mutex_t mutex;
    struct {
        int descriptor;
        struct serve_peer peer;
    } list[SHARD_HAND_COUNT_MAX];
    size_t count;
    bool is_posted; /* the task has not begun to run: it must not be posted again */
    struct loop_task task;
};

struct shard {
    struct connection_home home;
    struct loop loop;
    struct shard_group *group;
    pthread_t thread;
    bool is_open, is_started;
    struct listener listener; /* closed: others accept for it */
    struct loop_watch accepting;
    bool is_accepting;
    struct loop_timer pause;
    int reserve; /* a descriptor; -1: given up */
    struct arena memory;
    struct connection *connections;
    uint8_t *states;
    uint32_t *free;
    size_t free_count;
    _Atomic size_t load; /* connections that it has, and that are being handed to it */
    struct shard_hand hand;
    struct loop_task closing, ending;
};

struct shard_settings {
    struct shard_group *group;
    size_t index;
    const struct serve_service *service;
    struct serve_limits limits; /* the shard's share */
    struct serve_deadlines deadlines;
    struct clock clock;
};

/* Prepares one of the group's shards. UNAVAILABLE without memory or descriptors. */
MUST_CHECK status shard_open(struct shard *shard, const struct shard_settings *settings);

/* Gives it a socket to accept from, which it closes. */
MUST_CHECK status shard_listen(struct shard *shard, struct listener *listener);

/* Takes a connected descriptor over, as one it had accepted. */
void shard_adopt(struct shard *shard, int descriptor, const struct serve_peer *peer);

/* Runs its loop in a thread. */
MUST_CHECK status shard_start(struct shard *shard);

/* Any thread, once: from now on each answer ends its connection. */
void shard_begin_closing(struct shard *shard);

/* Any thread, once: from now on nothing is accepted, and idle connections are told goodbye. */
void shard_begin_ending(struct shard *shard);

/* Any thread: how many connections it has. */
size_t shard_load(struct shard *shard);

/* Waits for the thread, whose loop must have been stopped. Harmless when none runs. */
void shard_join(struct shard *shard);

/* Closes all connections. The thread must not run any more. */
void shard_close(struct shard *shard);

#endif
