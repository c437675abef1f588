/*
 * client: calls to the parent's HTTP service.
 *
 * The service is named by a URL: http://HOST:PORT, https://HOST:PORT or unix:/PATH. With https its
 * certificate must be from an authority of the given file. The token is read from a file that only
 * its owner can read, is sent with every call, and is wiped when the client is closed; over http it
 * is sent to this machine only.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/uri.h"
#include "net/http_client.h"
#include "net/tls.h"

enum {
    CLIENT_REPLY_SIZE_MAX = 1 << 20, /* bytes of a reply; a page of accounts takes below 128 KiB */
    CLIENT_ARENA_SIZE = 8 << 20,     /* what one command may use in all */
    CLIENT_HOST_SIZE_MAX = URI_HOST_SIZE_MAX + 8, /* with port and brackets */
};

struct client_settings {
    const char *url;
    const char *token_file; /* NULL: no token */
    const char *ca_file;    /* NULL: https cannot be used */
};

/* `{0}` is closed. Must not move while open. */
struct client {
    struct http_client http;
    struct tls_client tls;
    struct secret_text token;            /* empty: none */
    char host[CLIENT_HOST_SIZE_MAX + 1]; /* the Host header */
    char name[URI_HOST_SIZE_MAX + 1];    /* what the certificate must be for */
};

/*
 * Connects to nothing yet. BAD_INPUT for a URL of another form, a token that cannot be a header or
 * authorities that cannot be read; DENIED for a token file that others can read, or a token that
 * would cross the network in clear.
 */
MUST_CHECK status client_open(const struct client_settings *settings, struct client *client);
void client_close(struct client *client);

struct client_call {
    const char *method;
    slice target; /* path and query */
    slice body;   /* JSON; empty: none */
    int64_t deadline_ms;
};

struct client_reply {
    unsigned code; /* HTTP */
    slice body;    /* in the arena */
};

/* Calls once. Failures as of http_client_send; an HTTP error is a reply, not a failure. */
MUST_CHECK status client_send(struct client *client, const struct client_call *call,
                              struct arena *arena, struct client_reply *reply);

#endif
