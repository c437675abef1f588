/*
 * reply: answers on their way to a client, and refusals.
 *
 * An answer is sent as far as it goes at once, straight from where the program built it. What does
 * not go is copied into pages, so that no memory is held for a client that takes its time.
 */
#ifndef SERVE_REPLY_H
#define SERVE_REPLY_H

#include <stdbool.h>

#include "base/status.h"
#include "serve/connection.h"
#include "serve/exchange.h"

/* Begins an exchange for the head that was read. */
void reply_begin(struct connection *connection);

/* What exchange_answer calls. */
void reply_take(struct exchange *exchange, const struct exchange_answer *answer);

/* Sends on what is left of an answer. False when nothing more can be done now. */
bool reply_step(struct connection *connection);

/* Has the program word a refusal; `is_last`: the connection ends with it. */
void reply_refuse(struct connection *connection, unsigned code, status failure, bool is_last);

/* The same for a failure of http/, which says its code; nothing more is read as a request. */
void reply_refuse_framing(struct connection *connection, status failure);

#endif
