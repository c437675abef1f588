/*
 * wire: the bytes of one connection, plain or in TLS. Nothing here waits.
 */
#ifndef SERVE_WIRE_H
#define SERVE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "net/tls_session.h"

enum {
    WIRE_RECORD_SIZE_MAX = 16 * 1024, /* of what TLS encrypts at once */
};

enum wire_step {
    WIRE_DONE,        /* something was moved, or the handshake is over */
    WIRE_WANTS_READ,  /* nothing can be done before the descriptor is readable */
    WIRE_WANTS_WRITE, /* … writable */
    WIRE_ENDED,       /* the peer has ended its direction */
    WIRE_BROKEN,
};

struct wire {
    int descriptor; /* owned; -1: closed */
    bool is_tls;
    struct tls_session session;
};

/* Takes the descriptor over, non-blocking as accept4 made it; `tls` may be NULL. */
MUST_CHECK status wire_open(struct wire *wire, int descriptor, const struct tls_server *tls);

/* To be repeated until it is done; done at once without TLS. */
enum wire_step wire_handshake(struct wire *wire);

/*
 * Reads. `is_drained` says that the system has no more for now, which the next readiness will tell;
 * it is known without asking again when less came than there was room for.
 */
enum wire_step wire_receive(struct wire *wire, void *bytes, size_t size_max, size_t *size,
                            bool *is_drained);

/*
 * Writes the two parts one after the other, as far as they go at once. What TLS could not write must
 * be written again with the same bytes in front. `record` has WIRE_RECORD_SIZE_MAX bytes, where parts
 * that TLS encrypts are joined, so that they leave together; it is wiped.
 */
enum wire_step wire_send(struct wire *wire, const slice parts[2], uint8_t *record, size_t *size);

/* Ends our direction. */
void wire_shut(struct wire *wire);

void wire_close(struct wire *wire);

#endif
