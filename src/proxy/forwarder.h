/*
 * forwarder: accepts connections and relays each to its listener's destination.
 *
 * One thread accepts for all listeners and never waits for anything else. Every connection has a
 * thread of its own, which looks the name up, connects and relays. A listener at its cap closes
 * further connections at once and says so in the log, so that the peer can retry or fail instead
 * of hanging. No lookup, connection or accept that fails ends the program.
 */
#ifndef PROXY_FORWARDER_H
#define PROXY_FORWARDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "net/listener.h"
#include "net/relay.h"
#include "os/log.h"
#include "os/shutdown.h"
#include "proxy/settings.h"

enum {
    FORWARDER_STACK_SIZE = 128 << 10, /* of a connection's thread; buffers are elsewhere */
    FORWARDER_BACKOFF_MS = 100,       /* without accepting, after the machine had no room */
    FORWARDER_CLOSING_MS_MAX = 1000,  /* for threads to end once they were told to */
};

struct forwarder;

/* One place for a connection. */
struct forwarder_connection {
    struct forwarder *forwarder;
    size_t route_index;
    bool is_busy;
    struct stream client;
    struct relay relay;
};

struct forwarder_route {
    struct listener listener;
    size_t open_count;
    uint64_t refused_count; /* at the cap, since the start */
};

struct forwarder {
    const struct settings *settings;
    struct log *log;
    struct arena memory; /* the places' */
    struct forwarder_connection *connections;
    size_t connection_count;
    struct forwarder_route routes[SETTINGS_ROUTE_COUNT_MAX];
    pthread_mutex_t mutex; /* guards is_busy and the counts */
    pthread_cond_t has_ended;
    size_t open_count;
    int stop_descriptor; /* readable once relays must end */
    bool is_open;
};

/* Listens everywhere, or nowhere. `settings` and `log` must outlive it. */
MUST_CHECK status forwarder_open(struct forwarder *forwarder, const struct settings *settings,
                                 struct log *log);

/* Accepts and relays until asked to stop; then gives open connections the grace time. */
void forwarder_run(struct forwarder *forwarder, const struct shutdown *shutdown);

/* Ends what is left and releases everything. */
void forwarder_close(struct forwarder *forwarder);

#endif
