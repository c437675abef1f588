/*
 * places: the places where this program looks for AWS credentials, in order:
 *
 *   environment    AWS_ACCESS_KEY_ID and its like
 *   web_identity   AWS_WEB_IDENTITY_TOKEN_FILE: a Kubernetes service account (IRSA)
 *   container      AWS_CONTAINER_CREDENTIALS_*: ECS, EKS Pod Identity
 *   imds           the machine's role
 *
 * The first that is set is used, alone: if it fails, none of the others is asked.
 */
#ifndef CREDENTIALS_PLACES_H
#define CREDENTIALS_PLACES_H

#include "base/status.h"
#include "credentials/container.h"
#include "credentials/environment.h"
#include "credentials/imds.h"
#include "credentials/source.h"
#include "credentials/web_identity.h"

/* `{0}` is closed. Must not move while open. */
struct credentials_places {
    struct credentials_environment environment;
    struct credentials_web_identity web_identity;
    struct credentials_container container;
    struct credentials_imds imds;
};

struct credentials_places_settings {
    const char *region, *sts_endpoint; /* NULL: credentials_web_identity.h */
    const char *ca_file, *imds_endpoint;
    endpoint_dialer dial;
    struct clock clock;
};

/* Opens all places, as their headers say, and sends nothing yet. */
MUST_CHECK status credentials_places_open(struct credentials_places *places,
                                          const struct credentials_places_settings *settings);
void credentials_places_close(struct credentials_places *places);

/* Fills in the fetchers, valid while open. */
void credentials_places_fill(struct credentials_places *places,
                             struct credentials_settings *settings);

#endif
