/*
 * connection: one stream of frames from the parent, without anybody ever waiting for it.
 *
 * One thread owns it and does everything. What arrives is read into the owner's own memory and
 * served from there; only a frame that has not arrived whole is kept, in a block as large as its
 * header says, so an idle connection holds no memory. Writing sends what fits and keeps the rest,
 * up to one block, until the peer reads again. While something is kept nothing more is read, so a
 * peer that does not read its answers cannot make us work. What a peer has started it must finish:
 * the rest of a frame within CONNECTION_FRAME_MS, the reading of kept answers within
 * CONNECTION_DRAIN_MS.
 */
#ifndef ENCLAVE_CONNECTION_H
#define ENCLAVE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "enclave/blocks.h"
#include "net/stream.h"

enum {
    CONNECTION_FRAME_MS = 5000,
    CONNECTION_DRAIN_MS = 5000,
    CONNECTION_READ_SIZE = 256 << 10, /* taken in at once: some hundred usual requests */
};

struct connection {
    struct blocks *blocks;
    struct stream stream;
    uint32_t generation; /* tells the answer to this stream from one to a stream before it */
    bool is_open;
    bool is_ending;            /* to be closed once the kept answers are sent */
    bool is_broken;            /* to be closed now */
    struct block *input;       /* a frame's beginning; NULL: none has begun */
    size_t input_size;         /* of it */
    int64_t input_deadline_ms; /* for its rest */
    struct block *output;      /* kept answers; NULL: none */
    size_t output_start;       /* sent already */
    int64_t output_deadline_ms;
};

/* Starts with a new stream, which it owns from now on. */
void connection_start(struct connection *connection, struct blocks *blocks, struct stream stream);

/* Gives back its blocks and closes. Harmless when it is closed. */
void connection_end(struct connection *connection);

/* True once no more can come of it, so that it must be ended. */
bool connection_is_over(const struct connection *connection, int64_t now_ms);

/* True while it waits for its peer to read, and so reads nothing itself. */
bool connection_is_sending(const struct connection *connection);

/*
 * Takes in what has arrived. `arrived` views `memory`, which has CONNECTION_READ_SIZE bytes, or the
 * kept input. False at the peer's end or a failure: nothing more will come.
 */
bool connection_read(struct connection *connection, uint8_t *memory, slice *arrived);

/*
 * Keeps the part of what connection_read gave that was not served: `rest` is its end. Breaks the
 * connection when there is no block for it.
 */
void connection_keep(struct connection *connection, slice rest, bool has_served);

/* Sends, or keeps, whole frames. Breaks the connection when they cannot be kept. */
void connection_send(struct connection *connection, slice frames);

/* Sends kept answers as far as the peer takes them. */
void connection_flush(struct connection *connection);

#endif
