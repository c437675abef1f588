/*
 * tls: TLS 1.2 and 1.3 over any stream, AEAD suites with forward secrecy only.
 *
 * A client trusts only the roots it was given: no system store, no environment, no configuration
 * file. It sends the host's name (SNI), requires a certificate for exactly that name and checks
 * validity at the time it is told, since an enclave cannot believe its host's clock. No session is
 * resumed, nothing is renegotiated, nothing compressed.
 *
 * Refusals are told apart by their sentence:
 *   DENIED       "tls: certificate is not from a trusted authority"
 *   DENIED       "tls: certificate is for another name"
 *   DENIED       "tls: certificate is outside its time of validity"
 *   DENIED       "tls: certificate is not fit for a server"   (all other reasons; detail: X509_V_ERR_*)
 *   BAD_INPUT    "tls: peer does not speak TLS"
 *   UNAVAILABLE  "tls: handshake failed"                 (no common version or suite, an alert)
 *   UNAVAILABLE  (ETIMEDOUT) "socket: deadline has passed"
 *   UNAVAILABLE  (ECONNRESET) "socket: peer has vanished"
 *   UNAVAILABLE  (ECONNRESET) "tls: peer ended without saying so"    (cut off: data may be missing)
 *
 * Specification: RFC 5246, RFC 8446, RFC 6125 (names), RFC 9325 (suites).
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "net/stream.h"

enum {
    TLS_ROOT_COUNT_MAX = 512,   /* an enclave needs five; Debian trusts about 140 */
    TLS_CHAIN_DEPTH_MAX = 4,    /* intermediates; public chains have at most three */
    TLS_PEM_SIZE_MAX = 1 << 20, /* of a file of certificates; Debian's has 220 KB */
};

/* What all connections of one client share. May be used by many threads. `{0}` is closed. */
struct tls_client {
    void *context;   /* SSL_CTX */
    void *transport; /* BIO_METHOD */
};

/*
 * Makes a client that trusts the certificates in `roots_pem` and nothing else. BAD_INPUT when
 * there is none, more than TLS_ROOT_COUNT_MAX, or one that cannot be read.
 */
MUST_CHECK status tls_client_open(slice roots_pem, struct tls_client *client);
void tls_client_close(struct tls_client *client);

/* Who must be at the other end, and when it is. */
struct tls_peer {
    const char *host; /* a DNS name or numeric address; NUL-terminated */
    int64_t now_s;    /* Unix time at which the certificate must be valid */
};

/*
 * Turns a connected stream into a TLS one. On failure the stream is unchanged but useless: close
 * it.
 */
MUST_CHECK status tls_client_start(const struct tls_client *client, const struct tls_peer *peer,
                                   int64_t deadline_ms, struct stream *stream);

/* `{0}` is closed. */
struct tls_server {
    void *context;   /* SSL_CTX */
    void *transport; /* BIO_METHOD */
};

/* What a server shows: its chain (leaf first) and the leaf's private key. */
struct tls_identity {
    slice chain_pem;
    slice key_pem; /* the caller wipes it */
};

MUST_CHECK status tls_server_open(const struct tls_identity *identity, struct tls_server *server);
void tls_server_close(struct tls_server *server);

/*
 * Asks clients for a certificate of one of these authorities, fit for a client (extended key usage:
 * clientAuth, or none). A handshake with any other certificate fails; one without goes on, and who
 * serves decides what that is worth. BAD_INPUT as for a client's roots. Before any connection.
 */
MUST_CHECK status tls_server_ask_clients(struct tls_server *server, slice roots_pem);

/*
 * Gives `server` what `fresh` shows and asks for, for its further connections, and `fresh` what it
 * had until now. Connections of either keep what they began with. Not while another thread starts
 * one.
 */
void tls_server_exchange(struct tls_server *server, struct tls_server *fresh);

/* Turns an accepted stream into a TLS one. */
MUST_CHECK status tls_server_start(const struct tls_server *server, int64_t deadline_ms,
                                   struct stream *stream);

/* The state (SSL) of a connection that is driven by a loop: for net/tls_session. */
MUST_CHECK status tls_server_prepare(const struct tls_server *server, int descriptor, void **ssl);

#endif
