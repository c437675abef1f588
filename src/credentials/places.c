#include "credentials/places.h"

static status open_all(struct credentials_places *places,
                       const struct credentials_places_settings *settings)
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
    TRY(credentials_environment_open(&places->environment));
    TRY(credentials_web_identity_open(&places->web_identity, &web_identity));
    TRY(credentials_container_open(&places->container, &container));
    return credentials_imds_open(&places->imds, &imds);
}

status credentials_places_open(struct credentials_places *places,
                               const struct credentials_places_settings *settings)
{
    *places = (struct credentials_places){0};
    const status opened = open_all(places, settings);
    if (!status_is_ok(opened)) credentials_places_close(places);
    return opened;
}

void credentials_places_close(struct credentials_places *places)
{
    credentials_imds_close(&places->imds);
    credentials_container_close(&places->container);
    credentials_web_identity_close(&places->web_identity);
    credentials_environment_close(&places->environment);
}

void credentials_places_fill(struct credentials_places *places,
                             struct credentials_settings *settings)
{
    const struct credentials_fetcher fetchers[] = {
        credentials_environment_fetcher(&places->environment),
        credentials_web_identity_fetcher(&places->web_identity),
        credentials_container_fetcher(&places->container),
        credentials_imds_fetcher(&places->imds),
    };
    settings->fetcher_count = ARRAY_COUNT(fetchers);
    for (size_t i = 0; i < ARRAY_COUNT(fetchers); i++) settings->fetchers[i] = fetchers[i];
}
