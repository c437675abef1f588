/*
 * peer: who is at the other end of a connection.
 */
#ifndef SERVE_PEER_H
#define SERVE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/bytes.h"
#include "base/slice.h"

struct sockaddr;

enum {
    SERVE_PEER_NAME_SIZE_MAX = 128,   /* of a certificate's name; longer ones count as none */
    SERVE_PEER_ADDRESS_SIZE_MAX = 48, /* of a printed address */
};

struct serve_peer {
    bool has_address; /* over TCP */
    bool is_local;    /* a Unix socket, or this machine's own address */
    bytes16 address;  /* IPv6; IPv4 mapped into it (RFC 4291, section 2.5.5.2) */
    uint16_t port;
    bool has_certificate; /* a client certificate that was checked and is good */
    size_t name_size;
    char name[SERVE_PEER_NAME_SIZE_MAX]; /* of the certificate: visible ASCII; may be empty */
};

/* Takes the address that accept(2) told. */
void serve_peer_init(struct serve_peer *peer, const struct sockaddr *address);

/* Prints the address without its port: "192.0.2.1", "2001:db8::1", "unix". */
void serve_peer_print(const struct serve_peer *peer, struct builder *text);

/* The certificate's name; empty when it has none or there is none. */
slice serve_peer_name(const struct serve_peer *peer);

#endif
