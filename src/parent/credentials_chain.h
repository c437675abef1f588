/*
 * credentials_chain: the places where this program looks for AWS credentials, in order:
 *
 *   environment    AWS_ACCESS_KEY_ID and its like
 *   web_identity   AWS_WEB_IDENTITY_TOKEN_FILE: a Kubernetes service account (IRSA)
 *   container      AWS_CONTAINER_CREDENTIALS_*: ECS, EKS Pod Identity
 *   imds           the machine's role
 *
 * The first that is set is used, alone: if it fails, none of the others is asked.
 */
#ifndef PARENT_CREDENTIALS_CHAIN_H
#define PARENT_CREDENTIALS_CHAIN_H

#include "base/status.h"
#include "parent/credentials_container.h"
#include "parent/credentials_environment.h"
#include "parent/credentials_imds.h"
#include "parent/credentials_source.h"
#include "parent/credentials_web_identity.h"

/* `{0}` is closed. Must not move while open. */
struct credentials_chain {
    struct credentials_environment environment;
    struct credentials_web_identity web_identity;
    struct credentials_container container;
    struct credentials_imds imds;
};

struct credentials_chain_settings {
    const char *region, *sts_endpoint; /* NULL: credentials_web_identity.h */
    const char *ca_file, *imds_endpoint;
    endpoint_dialer dial;
    struct clock clock;
};

/* Opens all places, as their headers say, and sends nothing yet. */
MUST_CHECK status credentials_chain_open(struct credentials_chain *chain,
                                         const struct credentials_chain_settings *settings);
void credentials_chain_close(struct credentials_chain *chain);

/* Fills in the fetchers, valid while open. */
void credentials_chain_fill(struct credentials_chain *chain, struct credentials_settings *settings);

#endif
