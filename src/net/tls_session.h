/*
 * tls_session: one TLS connection of a server, on the turns of a loop. Nothing here waits.
 *
 * Every step says how it ended: it is done, or it wants the descriptor to become readable or
 * writable and is then to be repeated, with the same bytes in case of a write. The descriptor stays
 * the caller's. What is served and asked for, and which versions and suites: net/tls.h.
 */
#ifndef NET_TLS_SESSION_H
#define NET_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/tls.h"

enum tls_session_step {
    TLS_SESSION_DONE,
    TLS_SESSION_WANTS_READ,
    TLS_SESSION_WANTS_WRITE,
    TLS_SESSION_ENDED,  /* the peer has said goodbye */
    TLS_SESSION_BROKEN, /* or it has vanished, or does not speak TLS */
};

/* `{0}` is closed. */
struct tls_session {
    void *state; /* SSL */
};

/* Begins over a connected non-blocking descriptor. UNAVAILABLE without memory. */
MUST_CHECK status tls_session_open(const struct tls_server *server, int descriptor,
                                   struct tls_session *session);

enum tls_session_step tls_session_handshake(struct tls_session *session);

/* Reads at least one byte when it is done. */
enum tls_session_step tls_session_read(struct tls_session *session, void *bytes, size_t size_max,
                                       size_t *size);

/* Writes at least one byte when it is done. */
enum tls_session_step tls_session_write(struct tls_session *session, slice bytes, size_t *size);

/* Says goodbye, if there is room for it; the peer's direction goes on. */
void tls_session_shut(struct tls_session *session);

/*
 * True when the client has shown a certificate, which the handshake has checked. Its name is
 * appended: the first URI or DNS name among its alternative names, else its subject's common name;
 * nothing when there is none, or it is no visible ASCII text.
 */
bool tls_session_peer(const struct tls_session *session, struct builder *name);

/* Forgets the connection's keys. Harmless when it is closed. */
void tls_session_close(struct tls_session *session);

#endif
