/*
 * request: requests on their way from a client to the program: received, judged, waited for, handled.
 *
 * Each step goes as far as it can at once, and says whether another step may follow; false: nothing
 * more can be done before something happens.
 */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include <stdbool.h>

#include "serve/connection.h"

/* CONNECTION_HEAD and CONNECTION_IDLE. */
bool request_step_head(struct connection *connection);
/* CONNECTION_BODY. */
bool request_step_body(struct connection *connection);
/* CONNECTION_WAITING: handles it when there is memory, in the order of coming. */
bool request_step_wait(struct connection *connection);
/* CONNECTION_LINGERING: reads away. */
bool request_step_linger(struct connection *connection);

/* Which memory it waits for. */
enum exchange_memory_kind request_memory_kind(const struct connection *connection);

#endif
