/*
 * web_identity: AWS credentials of an IAM role, for the token of a Kubernetes service
 * account (IAM Roles for Service Accounts), from the Security Token Service over TLS.
 *
 * The environment says which, at start:
 *   AWS_WEB_IDENTITY_TOKEN_FILE   read at every request, since the cluster renews it
 *   AWS_ROLE_ARN                  the role
 *   AWS_ROLE_SESSION_NAME         how the session is called in CloudTrail; a name of our own if absent
 *   AWS_DEFAULT_REGION            if no other region is given
 * Without a token file this place has no credentials. With one, every failure is a failure: no
 * other place is asked instead.
 */
#ifndef CREDENTIALS_WEB_IDENTITY_H
#define CREDENTIALS_WEB_IDENTITY_H

#include <stdbool.h>

#include "aws/sts.h"
#include "base/status.h"
#include "credentials/origin.h"
#include "credentials/source.h"

enum {
    CREDENTIALS_WEB_IDENTITY_TRY_TIMEOUT_MS = 4000, /* one exchange, with TLS */
    CREDENTIALS_WEB_IDENTITY_RESPONSE_SIZE_MAX = STS_RESPONSE_SIZE_MAX + 4096, /* with its head */
};

/* `{0}` is closed, and has no credentials. Must not move while open. Used by one thread at a time. */
struct credentials_web_identity {
    struct credentials_origin origin;
    const char *token_file;           /* the environment's; NULL: none */
    struct sts_web_identity identity; /* without its token */
    uint8_t session_name[STS_SESSION_NAME_SIZE_MAX];
};

struct credentials_web_identity_settings {
    const char *region;   /* NULL: AWS_DEFAULT_REGION */
    const char *endpoint; /* another service than the region's own; NULL: none */
    const char *ca_file;
    endpoint_dialer dial;
    struct clock clock;
};

/*
 * Reads the environment and sends nothing yet. BAD_INPUT for a token file without a role or a
 * region, or a role, name or region that the service would not take; as of credentials/origin.h.
 * DENIED for an endpoint of plain http that is not 127.0.0.1: the token must not be readable on the
 * way.
 */
MUST_CHECK status
credentials_web_identity_open(struct credentials_web_identity *web_identity,
                              const struct credentials_web_identity_settings *settings);
void credentials_web_identity_close(struct credentials_web_identity *web_identity);

/* The port, valid while open. It fetches NOT_FOUND when no token file is set. */
struct credentials_fetcher
credentials_web_identity_fetcher(struct credentials_web_identity *web_identity);

#endif
