/*
 * connection: frames both ways over one connected socket, without ever waiting.
 *
 * Frames are put into a buffer and leave together, with one system call; what the socket does not
 * take stays for the next. Requests carry credentials, so what has left is wiped. Arrived bytes are
 * read into a buffer and taken out as frames, which view it.
 */
#ifndef LINK_CONNECTION_H
#define LINK_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "proto/call.h"
#include "proto/frame.h"

enum {
    LINK_OUTPUT_SIZE =
        FRAME_SIZE_MAX + 64 * 1024, /* the longest frame, or some hundred usual ones */
    LINK_INPUT_SIZE = 2 * CALL_REPLY_SIZE_MAX,
    LINK_CONNECTION_MEMORY_SIZE = LINK_OUTPUT_SIZE + LINK_INPUT_SIZE,
};

/* Memory that is used again for one socket after another. */
struct link_connection {
    int descriptor; /* owned while it is open */
    bool is_open;
    uint8_t *output, *input;
    size_t output_begin, output_end; /* what is still to be sent */
    size_t input_begin, input_end;   /* what has arrived and was not taken */
    uint64_t put_total, sent_total;  /* bytes, since it was opened */
};

/* Takes the memory, once. */
MUST_CHECK status link_connection_init(struct link_connection *connection, struct arena *memory);

/* Starts with a connected socket, which it owns from now on. */
void link_connection_open(struct link_connection *connection, int descriptor);
/* Closes, and wipes what was not sent. Harmless when it is closed. */
void link_connection_close(struct link_connection *connection);

/* Appends a frame; `*begin` is its place among all bytes put. OVER_LIMIT when there is no room. */
MUST_CHECK status link_connection_put(struct link_connection *connection, const struct frame *frame,
                                      uint64_t *begin);

/* Sends as much as the socket takes. UNAVAILABLE when the connection is broken. */
MUST_CHECK status link_connection_send(struct link_connection *connection);

bool link_connection_has_output(const struct link_connection *connection);

/* Reads what has arrived, up to the room; `*is_all`: there was no more. UNAVAILABLE at its end. */
MUST_CHECK status link_connection_receive(struct link_connection *connection, bool *is_all);

/*
 * Takes the next frame that has arrived whole; false in `*is_whole`: there is none. It views the
 * connection's memory until the next receive. BAD_INPUT when what is there is no frame, or longer
 * than a reply may be.
 */
MUST_CHECK status link_connection_take(struct link_connection *connection, struct frame *frame,
                                       bool *is_whole);

#endif
