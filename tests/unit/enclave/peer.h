/*
 * peer: the parent's side of a connection to the fixture's server.
 */
#ifndef UNIT_ENCLAVE_PEER_H
#define UNIT_ENCLAVE_PEER_H

#include "fixture.h"
#include "net/stream.h"

/* How long anything is waited for that must come: a loaded machine is no failure. */
enum { PATIENCE_MS = 60000 };

/* Bytes out, frames in. */
struct peer {
    struct stream stream;
    uint8_t memory[FRAME_SIZE_MAX];
    size_t size;
};

void peer_open(const struct fixture *fixture, struct peer *peer);
void peer_send(struct peer *peer, const struct message_request *request);
/* The next reply; its slices are good until the next call. False at the end of the stream. */
bool peer_receive(struct peer *peer, struct message_reply *reply);

struct message_request peer_sign_request(const struct fixture *fixture, const char *name,
                                         slice record, uint64_t req_id);

void peer_pause_ms(int64_t duration_ms);

#endif
