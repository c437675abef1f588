/*
 * client: the turns of a connection: what happens to it when its descriptor is ready, when a
 * deadline has passed, and when something it waited for is there.
 */
#ifndef SERVE_CLIENT_H
#define SERVE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "net/tls.h"
#include "serve/connection.h"

/* The memory that a shard's connections share. */
size_t client_home_memory_size(const struct serve_limits *limits);
/* Takes it. The other fields are set before: exchange, service, loop, clock, limits, deadlines. */
MUST_CHECK status client_home_init(struct connection_home *home, struct arena *memory);

/*
 * Begins with an accepted descriptor, which it owns. `connection` is free: zeroed but for
 * exchange.state. On failure the descriptor is closed and the connection still free.
 */
MUST_CHECK status client_open(struct connection *connection, struct connection_home *home,
                              int descriptor, const struct serve_peer *peer,
                              const struct tls_server *tls);

/* Closes one that can be spared, as serve/server.h says. True when there was one. */
bool client_make_room(struct connection_home *home);

/* Says goodbye to all that have not begun a request. */
void client_close_idle(struct connection_home *home);

#endif
