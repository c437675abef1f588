/*
 * connection: one stream of frames from the parent, without anybody ever waiting for it.
 *
 * Reading takes what has arrived; writing sends what fits and keeps the rest, up to a limit, until
 * the peer reads again. While something is kept nothing more is read, so a peer that does not read
 * its answers cannot make us work. What a peer has started it must finish: the rest of a frame
 * within CONNECTION_FRAME_MS, the reading of kept answers within CONNECTION_DRAIN_MS.
 *
 * One thread at a time reads (the connection is busy then); any thread may send. All fields but
 * `input` are guarded by the mutex.
 */
#ifndef ENCLAVE_CONNECTION_H
#define ENCLAVE_CONNECTION_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/stream.h"
#include "proto/frame.h"

enum {
    CONNECTION_OUTPUT_SIZE_MAX = 64 << 10, /* kept answers; the kernel holds about as much again */
    CONNECTION_FRAME_MS = 5000,
    CONNECTION_DRAIN_MS = 5000,
};

struct connection {
    pthread_mutex_t mutex;
    struct stream stream;
    uint32_t generation; /* tells an event for this stream from one for a stream before it */
    bool is_open;
    bool is_busy;     /* somebody reads */
    bool is_ending;   /* to be closed once the kept answers are sent */
    bool is_broken;   /* to be closed now */
    size_t use_count; /* requests that will still be answered; the slot is not reused before */
    uint8_t *input;   /* FRAME_SIZE_MAX bytes; only for who made it busy */
    size_t input_size;
    int64_t input_deadline_ms; /* for the rest of a started frame; 0: none is started */
    uint8_t *output;           /* CONNECTION_OUTPUT_SIZE_MAX bytes */
    size_t output_size;
    int64_t output_deadline_ms; /* for reading the kept answers; 0: none are kept */
};

/* Gives the slot its memory. Once, at start. */
MUST_CHECK status connection_init(struct connection *connection, struct arena *memory);

/* With the mutex held: starts with a new stream, which it owns from now on. */
void connection_start(struct connection *connection, struct stream stream);

/* With the mutex held: wipes what has arrived and closes. Harmless when it is closed. */
void connection_end(struct connection *connection);

/* With the mutex held: true once no more can come of it, so that it must be ended. */
bool connection_is_over(const struct connection *connection, int64_t now_ms);

/* Sends, or keeps, whole frames. Breaks the connection when they cannot be kept. Any thread. */
void connection_send(struct connection *connection, slice frames);

/* With the mutex held: sends kept answers as far as the peer takes them. */
void connection_flush(struct connection *connection);

/* Takes in what has arrived. False at the peer's end or a failure: nothing more will come. */
bool connection_read(struct connection *connection);

/* Drops frames that were served from the front of the input, wiping them. */
void connection_consume(struct connection *connection, size_t size);

#endif
