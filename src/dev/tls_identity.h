/*
 * tls_identity: a certificate authority and server certificates for the stand's TLS.
 *
 * A folder holds ca.pem and ca.key.pem, and server.pem and server.key.pem issued by that
 * authority. Clients trust ca.pem. For tests, certificates that must be refused are made the same
 * way: by another authority, for another name, outside their time.
 */
#ifndef DEV_TLS_IDENTITY_H
#define DEV_TLS_IDENTITY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/tls.h"

enum {
    TLS_IDENTITY_LIFETIME_S = 397 * 24 * 3600, /* the most that public authorities give */
    TLS_IDENTITY_CA_LIFETIME_S = 10 * 365 * 24 * 3600,
    TLS_IDENTITY_HOST_SIZE_MAX = 253,
    TLS_IDENTITY_FILE_SIZE_MAX = 16 * 1024,
};

struct tls_identity_order {
    const char *folder;    /* made if missing */
    const char *authority; /* folder of the authority; NULL: the same folder */
    const char *host;      /* the certificate is for this name, "localhost" and 127.0.0.1 … */
    bool is_only_host;     /* … or for this name alone */
    int64_t not_before_s;
    int64_t not_after_s;
};

/* Makes the authority if there is none, and a new server certificate and key. */
MUST_CHECK status tls_identity_make(const struct tls_identity_order *order);

/*
 * Makes what is missing in the folder for the host, also when the certificate there ends within a
 * day, and reads the server's chain and key into the arena (the caller empties it).
 */
MUST_CHECK status tls_identity_open(const char *folder, const char *host, int64_t now_s,
                                    struct arena *arena, struct tls_identity *identity);

#endif
