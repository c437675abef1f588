/*
 * container: AWS credentials from the agent beside a container (ECS, EKS Pod Identity).
 *
 * Where it is comes from the environment, at start:
 *   AWS_CONTAINER_CREDENTIALS_RELATIVE_URI   a path at ECS's address; it wins over
 *   AWS_CONTAINER_CREDENTIALS_FULL_URI       an address, as aws/container.h allows it
 *   AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE   a file read at every request, since it is renewed; it
 *                                            wins over
 *   AWS_CONTAINER_AUTHORIZATION_TOKEN        taken once, and then overwritten in the environment
 * Without either address this place has no credentials. With one, every failure is a failure: no
 * other place is asked instead.
 */
#ifndef CREDENTIALS_CONTAINER_H
#define CREDENTIALS_CONTAINER_H

#include <stdbool.h>

#include "aws/container.h"
#include "base/secret.h"
#include "base/status.h"
#include "credentials/origin.h"
#include "credentials/source.h"
#include "os/locked.h"

enum {
    CREDENTIALS_CONTAINER_TRY_TIMEOUT_MS = 2000, /* one exchange; the agent is on the same host */
    CREDENTIALS_CONTAINER_RESPONSE_SIZE_MAX = 20 * 1024,
};

/* `{0}` is closed, and has no credentials. Must not move while open. Used by one thread at a time. */
struct credentials_container {
    struct credentials_origin origin;
    struct locked locked;
    struct secret_text *token; /* in locked memory; of size 0 when none is sent */
    const char *token_file;    /* the environment's; NULL: none */
    struct uri uri;            /* views `address` */
    uint8_t address[CONTAINER_ADDRESS_SIZE_MAX];
    bool is_set;
};

struct credentials_container_settings {
    const char *ca_file;
    endpoint_dialer dial;
    struct clock clock;
};

/*
 * Reads the environment and sends nothing yet. BAD_INPUT or DENIED for an address or a token that
 * may not be used (aws/container.h).
 */
MUST_CHECK status credentials_container_open(struct credentials_container *container,
                                             const struct credentials_container_settings *settings);
void credentials_container_close(struct credentials_container *container);

/* The port, valid while open. It fetches NOT_FOUND when no address is set. */
struct credentials_fetcher credentials_container_fetcher(struct credentials_container *container);

#endif
