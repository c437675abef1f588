#include "parent/credentials_chain.h"

static status open_all(struct credentials_chain *chain,
                       const struct credentials_chain_settings *settings)
{
    const struct credentials_web_identity_settings web_identity = {
        .region = settings->region,
        .endpoint = settings->sts_endpoint,
        .ca_file = settings->ca_file,
        .dial = settings->dial,
        .clock = settings->clock,
    };
    const struct credentials_container_settings container = {
        .ca_file = settings->ca_file, .dial = settings->dial, .clock = settings->clock};
    const struct credentials_imds_settings imds = {
        .address = settings->imds_endpoint, .dial = settings->dial, .clock = settings->clock};
    TRY(credentials_environment_open(&chain->environment));
    TRY(credentials_web_identity_open(&chain->web_identity, &web_identity));
    TRY(credentials_container_open(&chain->container, &container));
    return credentials_imds_open(&chain->imds, &imds);
}

status credentials_chain_open(struct credentials_chain *chain,
                              const struct credentials_chain_settings *settings)
{
    *chain = (struct credentials_chain){0};
    const status opened = open_all(chain, settings);
    if (!status_is_ok(opened)) credentials_chain_close(chain);
    return opened;
}

void credentials_chain_close(struct credentials_chain *chain)
{
    credentials_imds_close(&chain->imds);
    credentials_container_close(&chain->container);
    credentials_web_identity_close(&chain->web_identity);
    credentials_environment_close(&chain->environment);
}

void credentials_chain_fill(struct credentials_chain *chain, struct credentials_settings *settings)
{
    const struct credentials_fetcher fetchers[] = {
        credentials_environment_fetcher(&chain->environment),
        credentials_web_identity_fetcher(&chain->web_identity),
        credentials_container_fetcher(&chain->container),
        credentials_imds_fetcher(&chain->imds),
    };
    settings->fetcher_count = ARRAY_COUNT(fetchers);
    for (size_t i = 0; i < ARRAY_COUNT(fetchers); i++) settings->fetchers[i] = fetchers[i];
}
