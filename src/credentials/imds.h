/*
 * imds: AWS credentials of the machine's role, from instance metadata version 2.
 *
 * The session token is kept for as long as it lives and asked for anew when the service no longer
 * knows it. Version 1 is never spoken. The address is http://169.254.169.254 unless told otherwise.
 */
#ifndef CREDENTIALS_IMDS_H
#define CREDENTIALS_IMDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/status.h"
#include "credentials/source.h"
#include "net/http_client.h"
#include "os/locked.h"

enum {
    CREDENTIALS_IMDS_TRY_TIMEOUT_MS = 1000, /* one exchange; the service is on the same host */
    CREDENTIALS_IMDS_RESPONSE_SIZE_MAX = 20 * 1024,
    CREDENTIALS_IMDS_HOST_SIZE_MAX = 262, /* a host name and a port */
};

/* `{0}` is closed. Must not move while open. Used by one thread at a time. */
struct credentials_imds {
    struct http_client client;
    struct arena arena;
    struct locked locked;
    struct secret_text *token; /* in locked memory; of size 0 when there is none */
    int64_t token_until_ms;
    struct clock clock;
    char host[CREDENTIALS_IMDS_HOST_SIZE_MAX];
    bool is_open;
};

struct credentials_imds_settings {
    const char *address; /* "http://169.254.169.254", with a port if it is not 80 */
    endpoint_dialer dial;
    struct clock clock;
};

/* Sends nothing yet. BAD_INPUT for an address that is not plain http without a path. */
MUST_CHECK status credentials_imds_open(struct credentials_imds *imds,
                                        const struct credentials_imds_settings *settings);
void credentials_imds_close(struct credentials_imds *imds);

/* The port, valid while open. It fetches NOT_FOUND when the machine has no role. */
struct credentials_fetcher credentials_imds_fetcher(struct credentials_imds *imds);

#endif
